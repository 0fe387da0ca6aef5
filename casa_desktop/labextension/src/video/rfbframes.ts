import { FrameBytes } from './framebytes.js';
import { FrameRate } from './framerate.js';

/** Such a delay of pings, in ms, is that of a link that is full. */
export const FULL = 100;
/** How long to count frames before their rate is known, in ms. */
const LEARNING = 1_000;
/**
 * Where RFB's frames take few bytes, video would bring no more of them, unless
 * RFB brings fewer than so many per second over a link that stays full for so
 * many ms: it is full while a window opens, too.
 */
const SMOOTH = 45;
const OPENING = 2_000;
/**
 * Beside a video, RFB brings one frame for a round trip. What goes on by itself
 * has the next one ready then; who presses something waits for the answer, and
 * then for so many ms at least.
 */
const THINKING = 45;

/** What RFB brings of what moves: how often, and in how many bytes. */
export class RfbFrames {
  private readonly rate = new FrameRate();
  private readonly bytes = new FrameBytes();
  /** Since when the link has been too full for what takes few bytes. */
  private fullSince: number | null = null;

  /** A frame has come, at a time in ms; so many bytes have come in all. */
  note(now: number, received: number): void {
    this.rate.note(now);
    this.bytes.note(now, received);
  }

  /** Count anew. */
  restart(): void {
    this.rate.restart();
    this.bytes.restart();
    this.fullSince = null;
  }

  /** Frames per second; null if they have not been counted for long enough. */
  per(now: number): number | null {
    return this.rate.per(now, LEARNING);
  }

  /**
   * Whether video would bring no more of them, at more of the processors.
   *
   * @param rate how many come per second.
   * @param delay how much longer than the shortest pings take, in ms.
   */
  areCheap(now: number, rate: number, delay: number): boolean {
    const { areFew } = this.bytes;
    if (!areFew || rate >= SMOOTH || delay < FULL) {
      this.fullSince = null;
      return areFew;
    }
    this.fullSince ??= now;
    return now - this.fullSince < OPENING;
  }

  /**
   * Whether they come now and then, in few bytes: sooner than with a video's
   * next frame.
   *
   * @param roundTrip in ms.
   */
  areOccasional(now: number, roundTrip: number): boolean {
    const rate = this.per(now) ?? 0;
    return this.bytes.areFew && rate < 1_000 / (roundTrip + THINKING);
  }
}
