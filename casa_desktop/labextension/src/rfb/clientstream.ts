import {
  encodingsOf,
  IRect,
  setEncodings,
  updateContinuously
} from './clientmessages.js';
import { announced, IEncoding } from './encodings.js';

const SET_PIXEL_FORMAT = 0;
const SET_ENCODINGS = 2;
const UPDATE_REQUEST = 3;
const CUT_TEXT = 6;
const CONTINUOUS_UPDATES = 150;

const NOWHERE: IRect = { x: 0, y: 0, width: 0, height: 0 };

/**
 * Changes what noVNC sends: which encodings it announces, and that it asks for
 * no pictures while the view cannot be seen.
 *
 * noVNC hands over one message at a time. Only a long clipboard comes in
 * several pieces, which are passed on as they are.
 */
export class ClientStream {
  private speaking = false;
  private rest = 0;
  private novnc: readonly number[] | null = null;
  private area: IRect | null = null;
  private seen = true;

  constructor(private encoding: IEncoding) {}

  /** What to send instead of a piece of noVNC's; null for nothing. */
  pass(bytes: Uint8Array): Uint8Array | null {
    if (this.rest > 0) {
      this.rest -= bytes.length;
      return bytes;
    }
    // Before the handshake is over there are no messages with types.
    this.speaking ||= bytes.length === 20 && bytes[0] === SET_PIXEL_FORMAT;
    return this.speaking ? this.message(bytes) : bytes;
  }

  /** Announce another encoding; null while noVNC has announced none yet. */
  encode(encoding: IEncoding): Uint8Array | null {
    this.encoding = encoding;
    return this.novnc && setEncodings(announced(this.novnc, encoding));
  }

  /** Ask for pictures, or for none; null if noVNC has not asked for any yet. */
  show(seen: boolean): Uint8Array | null {
    this.seen = seen;
    return this.area && this.updates();
  }

  private message(bytes: Uint8Array): Uint8Array | null {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    switch (bytes[0]) {
      case SET_ENCODINGS:
        this.novnc = encodingsOf(bytes);
        return this.encode(this.encoding);
      case UPDATE_REQUEST:
        return this.seen || !this.area ? bytes : null;
      case CONTINUOUS_UPDATES:
        this.area = {
          x: view.getUint16(2),
          y: view.getUint16(4),
          width: view.getUint16(6),
          height: view.getUint16(8)
        };
        return this.updates();
      case CUT_TEXT:
        // A negative length is that of the extended clipboard.
        this.rest = 8 + Math.abs(view.getInt32(4)) - bytes.length;
        return bytes;
      default:
        return bytes;
    }
  }

  private updates(): Uint8Array {
    return updateContinuously(this.seen && this.area ? this.area : NOWHERE);
  }
}
