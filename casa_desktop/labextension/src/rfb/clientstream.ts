import {
  encodingsOf,
  IRect,
  joined,
  requestChanges,
  REST_OF_HANDSHAKE,
  setEncodings,
  stopUpdates,
  updateContinuously
} from './clientmessages.js';
import { announced, IEncoding } from './encodings.js';

const SET_PIXEL_FORMAT = 0;
const SET_ENCODINGS = 2;
const UPDATE_REQUEST = 3;
const CUT_TEXT = 6;
const CONTINUOUS_UPDATES = 150;

/** noVNC's version has as many bytes. */
const VERSION_LENGTH = 12;

const NOWHERE: IRect = { x: 0, y: 0, width: 0, height: 0 };

/**
 * Changes what noVNC sends: which encodings it announces, and that it asks for
 * no pictures while the view cannot be seen.
 *
 * It also says at once what noVNC would say one answer after the other before
 * the first picture, which saves three round trips: our Xvnc offers one kind of
 * security, and continuous updates. Without the latter, its first answer to a
 * request has no picture, but what else it has to tell.
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
  private hole: IRect | null = null;
  private readonly said: Uint8Array[];

  /** @param said what has been said before noVNC says it. */
  constructor(
    private encoding: IEncoding,
    said: readonly Uint8Array[] = []
  ) {
    this.said = [...said];
  }

  /** What to send instead of a piece of noVNC's; null for nothing. */
  pass(bytes: Uint8Array): Uint8Array | null {
    const wanted = this.wanted(bytes);
    return wanted && this.unsaid(wanted);
  }

  private wanted(bytes: Uint8Array): Uint8Array | null {
    if (this.rest > 0) {
      this.rest -= bytes.length;
      return bytes;
    }
    // Before the handshake is over there are no messages with types.
    this.speaking ||= bytes.length === 20 && bytes[0] === SET_PIXEL_FORMAT;
    return this.speaking ? this.message(bytes) : this.handshake(bytes);
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

  /**
   * Ask for no pictures of an area from now on, or of all again with null; null
   * if noVNC has not asked for any yet.
   *
   * Continuous updates have one rectangle. So they stop, and what is around the
   * area is asked for by requests, each for one update: noVNC sends one after
   * each update as soon as it reads that the continuous ones have stopped.
   */
  leaveOut(hole: IRect | null): Uint8Array | null {
    const { area } = this;
    if (!area) {
      return null;
    }
    this.hole = hole;
    return hole ? joined([stopUpdates(), this.around(hole)]) : this.updates();
  }

  /**
   * The desktop has another size; null if noVNC has not asked for pictures yet.
   * Once continuous updates have been stopped, noVNC does not adapt them.
   */
  resize(width: number, height: number): Uint8Array | null {
    this.area &&= { x: 0, y: 0, width, height };
    return this.area && !this.hole ? this.updates() : null;
  }

  private handshake(bytes: Uint8Array): Uint8Array | null {
    return bytes.length === VERSION_LENGTH
      ? this.ahead(bytes, REST_OF_HANDSHAKE)
      : bytes;
  }

  /** Say more than noVNC, unless all of it has been said. */
  private ahead(bytes: Uint8Array, more: readonly Uint8Array[]): Uint8Array {
    if (this.said.length) {
      return bytes;
    }
    this.said.push(...more);
    return joined([bytes, ...more]);
  }

  /** Null for what has been said already, word for word. */
  private unsaid(bytes: Uint8Array): Uint8Array | null {
    const [next] = this.said;
    if (next?.[0] !== bytes[0]) {
      return bytes;
    }
    this.said.shift();
    const same = next.every((byte, n) => byte === bytes[n]);
    return same && next.length === bytes.length ? null : bytes;
  }

  private around({ x, y, width, height }: IRect): Uint8Array {
    const all = this.area!;
    const [right, bottom] = [x + width, y + height];
    const bands = [
      { x: 0, y: 0, width: all.width, height: y },
      { x: 0, y, width: x, height },
      { x: right, y, width: all.width - right, height },
      { x: 0, y: bottom, width: all.width, height: all.height - bottom }
    ];
    return joined(
      bands
        .filter(band => band.width > 0 && band.height > 0)
        .map(requestChanges)
    );
  }

  private message(bytes: Uint8Array): Uint8Array | null {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    switch (bytes[0]) {
      case SET_ENCODINGS:
        this.novnc = encodingsOf(bytes);
        return this.encode(this.encoding);
      case UPDATE_REQUEST:
        return this.request(bytes);
      case CONTINUOUS_UPDATES:
        this.area = areaOf(bytes);
        return this.updates();
      case CUT_TEXT:
        // A negative length is that of the extended clipboard.
        this.rest = 8 + Math.abs(view.getInt32(4)) - bytes.length;
        return bytes;
      default:
        return bytes;
    }
  }

  private request(bytes: Uint8Array): Uint8Array | null {
    const changes = bytes[1] === 1;
    if (!changes && !this.area) {
      this.area = areaOf(bytes);
      return this.ahead(bytes, [this.updates()]);
    }
    if (this.hole && this.seen && changes) {
      return this.around(this.hole);
    }
    return this.seen || !this.area ? bytes : null;
  }

  private updates(): Uint8Array {
    return updateContinuously(this.seen && this.area ? this.area : NOWHERE);
  }
}

/** What a request for pictures asks for, once or from now on. */
function areaOf(bytes: Uint8Array): IRect {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    x: view.getUint16(2),
    y: view.getUint16(4),
    width: view.getUint16(6),
    height: view.getUint16(8)
  };
}
