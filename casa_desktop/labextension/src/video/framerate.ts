/** How many of the last frames count, and for how long, in ms. */
const MOST = 240;
const WINDOW = 2_000;

/** How many frames come per second while something moves. */
export class FrameRate {
  private times: number[] = [];

  /** A frame has come, at a time in ms. */
  note(now: number): void {
    this.times.push(now);
    this.times.splice(0, this.times.length - MOST);
  }

  /** Nothing has come; count anew. */
  restart(): void {
    this.times = [];
  }

  /**
   * Frames per second, in the last seconds or since counting began; null if it
   * has not been counted for so long.
   */
  per(now: number, least: number): number | null {
    const since = Math.max(this.times[0] ?? now, now - WINDOW);
    if (now - since < least) {
      return null;
    }
    const frames = this.times.filter(time => time > since).length;
    return (1_000 * frames) / (now - since);
  }
}
