import type { Cause, IStatus } from './state.js';

/** A status in words for the user; without `button` there is none. */
interface IWords {
  readonly headline: string;
  readonly detail: string;
  readonly button: string;
}

/** The status in words. Every string is plain text, never HTML. */
export function words(status: IStatus): IWords {
  switch (status.phase) {
    case 'starting':
      return { headline: 'Starting the desktop…', detail: '', button: '' };
    case 'connecting':
      return { headline: 'Connecting…', detail: '', button: '' };
    case 'connected':
      return { headline: 'Connected.', detail: '', button: '' };
    case 'reconnecting':
      return {
        headline: `Reconnecting… (${status.reason})`,
        detail: AWAY[status.cause ?? 'unknown'] || status.remedy,
        button: ''
      };
    case 'failed':
      return failure(status);
  }
}

/** The message when a lost desktop is back; empty if there is none. */
export function comeback({ phase, cause }: IStatus): string {
  return phase === 'connected' && cause ? BACK[cause] : '';
}

const AWAY: Readonly<Record<Cause, string>> = {
  network: 'The network is away. The desktop goes on.',
  sleep: 'This computer slept. The desktop went on.',
  server: '',
  desktop: '',
  unknown: ''
};

const BACK: Readonly<Record<Cause, string>> = {
  network: 'Connected again: the network was away.',
  sleep: 'Connected again: this computer slept.',
  server: 'Connected again: the Jupyter server was restarted.',
  desktop:
    'The desktop was restarted: what was open on it before has been closed.',
  unknown: 'Connected again.'
};

function failure({ end, reason }: IStatus): IWords {
  switch (end) {
    case 'stopped':
    case 'lost':
      return {
        headline: 'The desktop has stopped.',
        detail: reason,
        button: 'Start it again'
      };
    case 'withdrawn':
      return {
        headline: 'This link shows the desktop no more.',
        detail: reason || 'It was withdrawn, or has expired.',
        button: ''
      };
    case 'ended':
      return {
        headline: 'This page has ended.',
        detail: reason,
        button: 'Try again'
      };
    case 'login':
      return {
        headline: 'You are logged out.',
        detail: reason,
        button: 'Try again'
      };
    default:
      return {
        headline: 'The desktop cannot be shown.',
        detail: reason,
        button: 'Try again'
      };
  }
}
