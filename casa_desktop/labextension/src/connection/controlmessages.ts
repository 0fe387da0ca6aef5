import type { IMessage } from '../rfb/channel.js';
import type { IFrame } from '../video/player.js';

/** How many views a desktop has, and what this one may do. */
export interface IAudience {
  /** How many views there are, this one included. */
  readonly views: number;
  /** Whether this one controls the size. */
  readonly controls: boolean;
  /** Whether this one can only watch. */
  readonly viewOnly: boolean;
}

/** The default before the server's first message: the only view. */
export const ALONE: IAudience = { views: 1, controls: true, viewOnly: false };

/** Read the server's message. */
export function readAudience(message: IMessage): IAudience {
  return {
    views: typeof message.views === 'number' ? message.views : 1,
    controls: message.controls === true,
    viewOnly: message.viewOnly === true
  };
}

const SCHEMES = ['http:', 'https:', 'mailto:'];

/** The address that a program wants to open; null if it must not be opened. */
export function readLink(message: IMessage): string | null {
  const { url } = message;
  if (typeof url !== 'string' || !URL.canParse(url)) {
    return null;
  }
  const parsed = new URL(url);
  return SCHEMES.includes(parsed.protocol) ? parsed.href : null;
}

/** Which video the server can send. */
export function readCodecs({ codecs }: IMessage): string[] {
  return Array.isArray(codecs)
    ? codecs.filter(codec => typeof codec === 'string')
    : [];
}

/** What the server says of a frame of video; null if it is not understood. */
export function readFrame({ stream, key, area }: IMessage): IFrame | null {
  if (typeof stream !== 'number' || typeof area !== 'object' || !area) {
    return null;
  }
  const { x, y, width, height } = area as Record<string, unknown>;
  const sides = [x, y, width, height].map(Number);
  return sides.every(Number.isInteger)
    ? {
        stream,
        key: key === true,
        area: { x: sides[0], y: sides[1], width: sides[2], height: sides[3] }
      }
    : null;
}
