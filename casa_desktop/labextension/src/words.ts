import type { IStatus } from './machine.js';

/** What a status says to the user, and on the button if there is one. */
export interface IWords {
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
        detail: '',
        button: ''
      };
    case 'failed':
      return status.stopped
        ? {
            headline: 'The desktop has stopped.',
            detail: status.reason,
            button: 'Start it again'
          }
        : {
            headline: 'The desktop cannot be shown.',
            detail: status.reason,
            button: 'Try again'
          };
  }
}
