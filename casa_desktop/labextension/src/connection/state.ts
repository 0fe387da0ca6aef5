import { backoff } from './backoff.js';

/** What the page shows; `data-state` bears the same words. */
type Phase =
  'starting' | 'connecting' | 'connected' | 'reconnecting' | 'failed';

/** Why it does not reconnect by itself. */
export type End =
  'stopped' | 'lost' | 'withdrawn' | 'login' | 'ended' | 'refused';

/** The cause of a lost connection. */
export type Cause = 'network' | 'sleep' | 'server' | 'desktop' | 'unknown';

/** The state of a connection. */
export interface IStatus {
  readonly phase: Phase;
  /** Why it reconnects or failed, as a sentence; otherwise empty. */
  readonly reason: string;
  /** What the user can do if it does not reconnect, as sentences, or empty. */
  readonly remedy: string;
  /** Why it has failed; null unless it has. */
  readonly end: End | null;
  /** Why it was lost before it was connected again; null if it was not. */
  readonly cause: Cause | null;
  /** Whether the desktop has run since it was asked for. */
  readonly ran: boolean;
  /** Failed attempts in a row. */
  readonly attempt: number;
  /** How it was restarted recently; null if it never was. */
  readonly revival: IRevival | null;
  /** The desktop and server process shown last. */
  readonly shown: IOrigin | null;
  /** The desktop and server process that it connects to. */
  readonly dialled: IOrigin | null;
}

/** The last time that a lost desktop was started again from here. */
interface IRevival {
  /** When, in ms. */
  readonly at: number;
  /** How often in succession, without a long time between. */
  readonly count: number;
}

/** Identifies one start of a desktop, and one server process. */
export interface IOrigin {
  readonly server?: string;
  readonly started: string;
}

/** What can happen to a connection. */
export type Happening =
  | { readonly type: 'open' }
  | { readonly type: 'running'; readonly origin: IOrigin }
  | { readonly type: 'connected' }
  | {
      readonly type: 'closed';
      readonly code: number;
      readonly reason: string;
      readonly cause: Cause;
    }
  | { readonly type: 'missing'; readonly reason: string }
  | {
      readonly type: 'lost';
      readonly reason: string;
      /** Whether the view can be seen. */
      readonly seen: boolean;
      /** The time, in ms. */
      readonly now: number;
    }
  | { readonly type: 'refused'; readonly reason: string; readonly end: End }
  | {
      readonly type: 'unreachable';
      readonly reason: string;
      readonly remedy?: string;
    }
  | { readonly type: 'due' };

/** What the shell around this core has to do next. */
export type Action =
  | { readonly type: 'start' }
  | { readonly type: 'look' }
  | { readonly type: 'dial' }
  | { readonly type: 'wait'; readonly delay: number }
  | { readonly type: 'rest' };

/** The status before the first request. */
export const INITIAL: IStatus = {
  phase: 'starting',
  reason: '',
  remedy: '',
  end: null,
  cause: null,
  ran: false,
  attempt: 0,
  revival: null,
  shown: null,
  dialled: null
};

const REST: Action = { type: 'rest' };

/** After so long without a loss, in ms, the count starts again. */
const QUIET = 60_000;

/** Whether the desktop has ended, for whatever reason. */
export function hasEnded({ end }: IStatus): boolean {
  return end === 'stopped' || end === 'lost';
}

/** Codes with which the server closes a websocket. */
const BAD_NAME = 1008;
const WITHDRAWN = 4403;

/**
 * One step of the connection's life, without any I/O.
 *
 * After a lost connection a GET asks what has happened, because a page left open
 * must not restart a desktop that its user has stopped. A desktop that ended
 * unexpectedly is restarted if the page can be seen. A server that cannot be
 * reached is tried again without limit.
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
      return [running(was, happening.origin), { type: 'dial' }];
    case 'connected':
      return [connected(was), REST];
    case 'closed':
      return closed(was, happening, random);
    case 'unreachable':
      return retry(
        { ...was, remedy: happening.remedy ?? '' },
        happening.reason,
        random
      );
    case 'missing':
      return [failed(was, happening.reason, 'stopped'), REST];
    case 'lost':
      return lost(was, happening, random);
    case 'refused':
      return [failed(was, happening.reason, happening.end), REST];
    case 'due':
      return [was, { type: was.ran ? 'look' : 'start' }];
  }
}

function running(was: IStatus, dialled: IOrigin): IStatus {
  const phase = was.phase === 'reconnecting' ? was.phase : 'connecting';
  return { ...was, phase, end: null, ran: true, dialled };
}

function connected({ shown, dialled, cause, revival }: IStatus): IStatus {
  const change = shown && dialled ? difference(shown, dialled) : null;
  return {
    ...INITIAL,
    ran: true,
    phase: 'connected',
    // The server's answer is more reliable than the browser's guess.
    cause: shown && (change ?? cause),
    revival,
    shown: dialled,
    dialled
  };
}

function difference(before: IOrigin, after: IOrigin): Cause | null {
  if (before.started !== after.started) {
    return 'desktop';
  }
  return before.server !== after.server ? 'server' : null;
}

function closed(
  was: IStatus,
  { code, reason, cause }: Happening & { type: 'closed' },
  random: () => number
): [IStatus, Action] {
  if (code === WITHDRAWN) {
    return [failed(was, reason, 'withdrawn'), REST];
  }
  if (code === BAD_NAME && was.phase !== 'connected') {
    return [failed(was, reason, 'refused'), REST];
  }
  const why = reason || 'the connection was lost';
  if (was.phase === 'connected') {
    const lost = { ...was, phase: 'reconnecting', reason: why, cause } as const;
    return [lost, { type: 'look' }];
  }
  return retry(was, why, random);
}

/** Start it again, after growing waits if it is lost each time. */
function lost(
  was: IStatus,
  { reason, seen, now }: Happening & { type: 'lost' },
  random: () => number
): [IStatus, Action] {
  if (!seen) {
    return [failed(was, reason, 'lost'), REST];
  }
  const { at, count } =
    was.revival && now - was.revival.at < QUIET
      ? was.revival
      : { at: now, count: 0 };
  const left = count ? at + backoff(count - 1, random) - now : 0;
  const why = 'the desktop ended unexpectedly';
  const status = {
    ...was,
    phase: 'reconnecting',
    reason: why,
    end: null
  } as const;
  return left > 0
    ? [status, { type: 'wait', delay: left }]
    : [
        { ...status, revival: { at: now, count: count + 1 } },
        { type: 'start' }
      ];
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

function failed(was: IStatus, reason: string, end: End): IStatus {
  return { ...was, phase: 'failed', reason, end };
}
