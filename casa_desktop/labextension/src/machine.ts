import { backoff } from './backoff.js';

/** What the page shows; `data-state` bears the same words. */
export type Phase =
  'starting' | 'connecting' | 'connected' | 'reconnecting' | 'failed';

/** Everything that is known about a connection at one moment. */
export interface IStatus {
  readonly phase: Phase;
  /** One sentence: why it reconnects or failed; empty where all is well. */
  readonly reason: string;
  /** True when the desktop itself is gone, rather than the way to it. */
  readonly stopped: boolean;
  /** Whether the desktop has run since it was asked for. */
  readonly ran: boolean;
  /** Failed attempts in a row. */
  readonly attempt: number;
}

/** What can happen to a connection. */
export type Happening =
  | { readonly type: 'open' }
  | { readonly type: 'running' }
  | { readonly type: 'connected' }
  | { readonly type: 'closed'; readonly reason?: string }
  | { readonly type: 'missing'; readonly reason: string }
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'unreachable'; readonly reason: string }
  | { readonly type: 'due' };

/** What the shell around this core has to do next. */
export type Action =
  | { readonly type: 'start' }
  | { readonly type: 'look' }
  | { readonly type: 'dial' }
  | { readonly type: 'wait'; readonly delay: number }
  | { readonly type: 'rest' };

/** The status before anything was asked. */
export const INITIAL: IStatus = {
  phase: 'starting',
  reason: '',
  stopped: false,
  ran: false,
  attempt: 0
};

const REST: Action = { type: 'rest' };

/**
 * One step of the connection's life, without any I/O.
 *
 * A lost connection is first looked into with a GET, because a desktop that
 * its user stopped on purpose must not be started again by a page left open.
 * A server that cannot be reached is tried again for ever.
 */
export function step(
  was: IStatus,
  happening: Happening,
  random = Math.random
): [IStatus, Action] {
  switch (happening.type) {
    case 'open':
      return [INITIAL, { type: 'start' }];
    case 'running':
      return [running(was), { type: 'dial' }];
    case 'connected':
      return [{ ...INITIAL, ran: true, phase: 'connected' }, REST];
    case 'closed':
      return closed(was, happening.reason, random);
    case 'unreachable':
      return retry(was, happening.reason, random);
    case 'missing':
      return [failed(was, happening.reason, true), REST];
    case 'refused':
      return [failed(was, happening.reason, false), REST];
    case 'due':
      return [was, { type: was.ran ? 'look' : 'start' }];
  }
}

function running(was: IStatus): IStatus {
  const phase = was.phase === 'reconnecting' ? was.phase : 'connecting';
  return { ...was, phase, stopped: false, ran: true };
}

function closed(
  was: IStatus,
  reason = 'the connection was lost',
  random: () => number
): [IStatus, Action] {
  if (was.phase === 'connected') {
    return [{ ...was, phase: 'reconnecting', reason }, { type: 'look' }];
  }
  return retry(was, reason, random);
}

function retry(
  was: IStatus,
  reason: string,
  random: () => number
): [IStatus, Action] {
  return [
    { ...was, phase: 'reconnecting', reason, attempt: was.attempt + 1 },
    { type: 'wait', delay: backoff(was.attempt, random) }
  ];
}

function failed(was: IStatus, reason: string, stopped: boolean): IStatus {
  return { ...was, phase: 'failed', reason, stopped };
}
