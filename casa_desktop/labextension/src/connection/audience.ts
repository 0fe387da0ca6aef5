import type { IMessage } from '../rfb/channel.js';

/** Who looks at a desktop, as the server tells each view. */
export interface IAudience {
  /** How many views there are, this one included. */
  readonly views: number;
  /** Whether this one controls the size. */
  readonly controls: boolean;
  /** Whether this one can touch nothing. */
  readonly viewOnly: boolean;
}

/** As long as nobody has told: a view of a desktop alone. */
export const ALONE: IAudience = { views: 1, controls: true, viewOnly: false };

/** Read what the server tells. */
export function readAudience(message: IMessage): IAudience {
  return {
    views: typeof message.views === 'number' ? message.views : 1,
    controls: message.controls === true,
    viewOnly: message.viewOnly === true
  };
}

const SCHEMES = ['http:', 'https:', 'mailto:'];

/** The address that a program wants to open; null if it is none of ours. */
export function readLink(message: IMessage): string | null {
  const { url } = message;
  if (typeof url !== 'string' || !URL.canParse(url)) {
    return null;
  }
  const parsed = new URL(url);
  return SCHEMES.includes(parsed.protocol) ? parsed.href : null;
}
