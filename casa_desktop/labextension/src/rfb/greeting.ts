import type { IGreeting } from '../server/socket.js';
import {
  joined,
  requestAgain,
  REST_OF_HANDSHAKE,
  setEncodings,
  setPixelFormat,
  updateContinuously
} from './clientmessages.js';
import { announced, IEncoding, NOVNC } from './encodings.js';

const VERSION = new TextEncoder().encode('RFB 003.008\n');
/** One kind of security, which is none, and that it was taken. */
const TAKEN = [1, 1, 0, 0, 0, 0];
/** Where the desktop's size is in what the server says at first. */
const SIZE = VERSION.length + TAKEN.length;

/**
 * Says what noVNC will say, as far as the request for the first picture, while
 * the browser still loads noVNC. The picture comes meanwhile.
 *
 * To a server that offers something else than our Xvnc it says no more, and
 * noVNC goes on where it stopped.
 */
export class Greeting implements IGreeting {
  readonly said: Uint8Array[] = [];
  asked: number | null = null;
  roundTrip: number | null = null;
  private heard: Uint8Array = new Uint8Array(0);

  /** @param encoding how to send the first picture, after so many ms for an answer. */
  constructor(
    private readonly encoding: (roundTrip: number) => IEncoding,
    private readonly clock: () => number = () => performance.now()
  ) {}

  /** What to answer to what the server says; null for nothing. */
  hear(bytes: Uint8Array): Uint8Array | null {
    if (this.said.length > 1 + REST_OF_HANDSHAKE.length) {
      return null;
    }
    this.heard = joined([this.heard, bytes]);
    if (this.asked !== null) {
      this.roundTrip ??= this.clock() - this.asked;
      return this.begun();
    }
    if (!this.says(0, VERSION)) {
      return null;
    }
    this.asked = this.clock();
    return this.say(VERSION, ...REST_OF_HANDSHAKE);
  }

  /** Ask for the first picture once the desktop's size is known. */
  private begun(): Uint8Array | null {
    const { heard } = this;
    if (heard.length < SIZE + 4 || !this.says(VERSION.length, TAKEN)) {
      return null;
    }
    const size = new DataView(heard.buffer, SIZE, 4);
    const [width, height] = [size.getUint16(0), size.getUint16(2)];
    const all = { x: 0, y: 0, width, height };
    return this.say(
      setPixelFormat(),
      setEncodings(announced(NOVNC, this.encoding(this.roundTrip!))),
      requestAgain(all),
      updateContinuously(all)
    );
  }

  private says(at: number, words: ArrayLike<number>): boolean {
    return Array.from(words).every((byte, n) => byte === this.heard[at + n]);
  }

  private say(...messages: Uint8Array[]): Uint8Array {
    this.said.push(...messages);
    return joined(messages);
  }
}
