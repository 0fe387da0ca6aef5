import * as encodings from './encodings.js';
import type { IRect, IScreen } from './clientmessages.js';
import { Reader, skip, Understood } from './reader.js';
import { tight } from './tight.js';

/** A part of the picture that came, and how. */
export interface IUpdate extends IRect {
  /** Whether it came as JPEG. */
  readonly lossy: boolean;
  /** Where it was before, if it was moved within the picture. */
  readonly from: { readonly x: number; readonly y: number } | null;
}

/** The desktop's size, and why the server sends it. */
export interface ISize {
  readonly width: number;
  readonly height: number;
  /** 0: by itself; 1: because this client asked; 2: another one did. */
  readonly reason: number;
  /** 0 where the size holds, else the number of a refusal. */
  readonly refusal: number;
  readonly screen: IScreen;
}

/** What a stream calls while a chunk is fed. */
export interface IFollower {
  /** The desktop's size at first. */
  begin(width: number, height: number): void;
  update(update: IUpdate): void;
  /** All parts of one frame have come. */
  frame(): void;
  size(size: ISize): void;
  /** The server supports the clipboard that takes all of Unicode. */
  unicode(): void;
}

const NOTHING = new DataView(new ArrayBuffer(0));

/**
 * Follows what the server sends, from its first byte, without copying it.
 *
 * It understands the encodings that `announced` asks for. When another one
 * comes it stops following; noVNC still shows the picture.
 */
export class ServerStream {
  /** Whether the stream is not understood any more. */
  lost = false;
  private readonly reader: Reader;
  private readonly held = new Uint8Array(64);
  private need: number;
  private got = 0;

  constructor(follower: IFollower) {
    this.reader = read(follower);
    this.need = this.reader.next().value ?? 0;
  }

  /** Go on with the next bytes. */
  feed(chunk: Uint8Array): void {
    let at = 0;
    while (!this.lost && (at < chunk.length || this.need === 0)) {
      at += this.need < 0 ? this.skip(chunk, at) : this.take(chunk, at);
    }
  }

  private skip(chunk: Uint8Array, at: number): number {
    const count = Math.min(-this.need, chunk.length - at);
    this.need += count;
    if (this.need === 0) {
      this.step(NOTHING);
    }
    return count;
  }

  private take(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.need - this.got, chunk.length - at);
    this.held.set(chunk.subarray(at, at + count), this.got);
    this.got += count;
    if (this.got === this.need) {
      this.got = 0;
      this.step(new DataView(this.held.buffer, 0, this.need));
    }
    return count;
  }

  private step(view: DataView): void {
    const { value, done } = this.reader.next(view);
    this.lost = done === true;
    this.need = value ?? 0;
  }
}

function* read(follower: IFollower): Reader {
  yield -12;
  const types = (yield 1).getUint8(0);
  // One byte for each type of security, then the result of the one chosen.
  yield* skip(types + 4);
  const start = yield 24;
  const name = start.getUint32(20);
  follower.begin(start.getUint16(0), start.getUint16(2));
  yield* skip(name);
  while (yield* message((yield 1).getUint8(0), follower)) {
    // One message after the other.
  }
}

function* message(type: number, follower: IFollower): Understood {
  switch (type) {
    case 0:
      return yield* frame(follower);
    case 2: // Bell.
    case 150: // EndOfContinuousUpdates.
      return true;
    case 3: {
      // ServerCutText; a negative length is the extended clipboard's.
      const length = (yield 7).getInt32(3);
      if (length < 0) {
        follower.unicode();
      }
      yield* skip(Math.abs(length));
      return true;
    }
    case 248: // ServerFence.
      yield* skip((yield 8).getUint8(7));
      return true;
    case 250: // xvp.
      yield -3;
      return true;
    default:
      return false;
  }
}

function* frame(follower: IFollower): Understood {
  let shows = false;
  for (let left = (yield 3).getUint16(1); left > 0; left--) {
    const head = yield 12;
    const encoding = head.getInt32(8);
    if (encoding === encodings.LAST_RECT) {
      break;
    }
    const rect = rectOf(head);
    if (encoding >= 0 && encoding !== encodings.VMWARE_CURSOR) {
      if (!(yield* picture(encoding, rect, follower))) {
        return false;
      }
      shows = true;
    } else if (!(yield* pseudo(encoding, rect, follower))) {
      return false;
    }
  }
  if (shows) {
    follower.frame();
  }
  return true;
}

function rectOf(head: DataView): IRect {
  return {
    x: head.getUint16(0),
    y: head.getUint16(2),
    width: head.getUint16(4),
    height: head.getUint16(6)
  };
}

function* picture(
  encoding: number,
  rect: IRect,
  follower: IFollower
): Understood {
  let lossy = false;
  let from = null;
  if (encoding === encodings.TIGHT) {
    lossy = yield* tight(rect);
  } else if (encoding === encodings.COPY_RECT) {
    const where = yield 4;
    from = { x: where.getUint16(0), y: where.getUint16(2) };
  } else if (encoding === encodings.RAW) {
    yield* skip(rect.width * rect.height * 4);
  } else {
    return false;
  }
  follower.update({ ...rect, lossy, from });
  return true;
}

function* pseudo(
  encoding: number,
  { x, y, width, height }: IRect,
  follower: IFollower
): Understood {
  switch (encoding) {
    case encodings.DESKTOP_SIZE:
    case encodings.QEMU_KEY:
    case encodings.EXTENDED_MOUSE:
      return true;
    case encodings.QEMU_LED:
      yield -1;
      return true;
    case encodings.CURSOR:
      yield* skip(width * height * 4 + Math.ceil(width / 8) * height);
      return true;
    case encodings.VMWARE_CURSOR: {
      const alpha = (yield 2).getUint8(0) === 1;
      yield* skip(width * height * (alpha ? 4 : 8));
      return true;
    }
    case encodings.DESKTOP_NAME:
      yield* skip((yield 4).getUint32(0));
      return true;
    case encodings.EXTENDED_DESKTOP_SIZE: {
      const screens = (yield 4).getUint8(0);
      let screen: IScreen = { id: 0, flags: 0 };
      for (let n = 0; n < screens; n++) {
        const found = yield 16;
        if (n === 0) {
          screen = { id: found.getUint32(0), flags: found.getUint32(12) };
        }
      }
      follower.size({ width, height, reason: x, refusal: y, screen });
      return true;
    }
    default:
      return false;
  }
}
