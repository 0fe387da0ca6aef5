/** Over how long bytes are counted together, in ms: messages end anywhere. */
const SPAN = 100;
/** How many of the last spans count. */
const MOST = 20;
/** Which of them, the smallest first: a window that opens costs one picture. */
const USUAL = 0.25;

/** So many bytes are few for a frame: lines that move on one colour. */
const FEW = 5_500;

/** How many bytes a frame takes while something moves. */
export class FrameBytes {
  private spans: number[] = [];
  private began = -Infinity;
  private before = 0;
  private frames = 0;

  /** Count anew. */
  restart(): void {
    this.spans = [];
    this.began = -Infinity;
  }

  /** A frame has come, at a time in ms; so many bytes have come in all. */
  note(now: number, received: number): void {
    this.frames += 1;
    if (now - this.began < SPAN) {
      return;
    }
    if (this.began > -Infinity) {
      this.spans.push((received - this.before) / this.frames);
      this.spans.splice(0, this.spans.length - MOST);
    }
    this.began = now;
    this.before = received;
    this.frames = 0;
  }

  /** Whether a frame usually takes few; not if none has been counted. */
  get areFew(): boolean {
    const sorted = [...this.spans].sort((a, b) => a - b);
    return sorted[Math.floor(USUAL * sorted.length)] <= FEW;
  }
}
