import type { ISize } from '../rfb/serverstream.js';

/** Width and height in pixels. */
export interface IExtent {
  readonly width: number;
  readonly height: number;
}

/** Browsers draw no larger canvas, and X's screens end soon after. */
const MOST = 16_384;

/** What a view would like its desktop's size to be; null if it cannot tell. */
export function wanted(
  width: number,
  height: number,
  ratio: number
): IExtent | null {
  const [across, down] = [width, height].map(side =>
    // A fraction of a pixel more than the view has would show scroll bars;
    // what binary fractions lose is not meant by it.
    Math.min(Math.floor(side * ratio + 1e-4), MOST)
  );
  // A hidden view has no size, and Xvnc refuses a desktop of 0 x 0 pixels.
  return across > 0 && down > 0 ? { width: across, height: down } : null;
}

/**
 * Decides when to ask for which size: only the view that controls it asks, and
 * not again before it was answered.
 */
export class Sizes {
  /** The desktop's size now; null before it is known. */
  current: IExtent | null = null;
  private controls = true;
  private wish: IExtent | null = null;
  private asked: IExtent | null = null;
  private refused: IExtent | null = null;

  /** This view controls the size from now on, or does not. */
  control(controls: boolean): void {
    if (controls !== this.controls) {
      this.controls = controls;
      // What a view asks that does not control the size is never answered.
      this.asked = null;
      this.refused = null;
    }
  }

  /** The size of the view in the desktop's pixels has changed. */
  want(size: IExtent | null): void {
    this.wish = size;
  }

  /** The server tells the desktop's size. */
  told({ width, height, reason, refusal }: ISize): void {
    if (refusal === 0) {
      this.current = { width, height };
    }
    if (reason === 1) {
      this.refused = refusal === 0 ? null : this.asked;
      this.asked = null;
    }
  }

  /** The size to ask for now, if any; it counts as asked for. */
  next(): IExtent | null {
    const { wish, asked, current } = this;
    if (!this.controls || !wish || asked || !current) {
      return null;
    }
    if (same(wish, current) || same(wish, this.refused)) {
      return null;
    }
    this.asked = wish;
    return wish;
  }

  /** Whether each pixel of the desktop has its own place in the view. */
  get fits(): boolean {
    return same(this.wish, this.current);
  }
}

function same(one: IExtent | null, other: IExtent | null): boolean {
  return one?.width === other?.width && one?.height === other?.height;
}
