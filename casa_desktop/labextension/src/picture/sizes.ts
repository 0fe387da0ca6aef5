import type { ISize } from '../rfb/serverstream.js';

/** Width and height in pixels. */
interface IExtent {
  readonly width: number;
  readonly height: number;
}

/** The largest canvas of browsers; X's limit is little more. */
const MOST = 16_384;

/** The size that a view wants for its desktop; null if it has none. */
export function wanted(
  width: number,
  height: number,
  ratio: number
): IExtent | null {
  const [across, down] = [width, height].map(side =>
    // A fraction of a pixel too many would show scroll bars. The small addend
    // makes up for rounding errors of binary fractions.
    Math.min(Math.floor(side * ratio + 1e-4), MOST)
  );
  // A hidden view has no size, and Xvnc refuses a desktop of 0 x 0 pixels.
  return across > 0 && down > 0 ? { width: across, height: down } : null;
}

/** Why the size is as it is, in RFB: this view has asked for it. */
const OWN = 1;

/**
 * Decides when to ask for which size: only the view in control asks, and waits
 * for the answer before it asks again.
 *
 * Where nothing says which view is in control, as with a kernel, the last one
 * that has asked is: two views that both insisted would change the size for ever.
 */
export class Sizes {
  /** The desktop's size now; null before it is known. */
  current: IExtent | null = null;
  private controls = true;
  private ruled = false;
  private wish: IExtent | null = null;
  private asked: IExtent | null = null;
  private refused: IExtent | null = null;
  private yielded: IExtent | null = null;

  /** Set whether this view controls the size. */
  control(controls: boolean): void {
    this.ruled = true;
    this.yielded = null;
    if (controls !== this.controls) {
      this.controls = controls;
      // Requests of a view that does not control the size are never answered.
      this.asked = null;
      this.refused = null;
    }
  }

  /** The size of the view in the desktop's pixels has changed. */
  want(size: IExtent | null): void {
    this.wish = size;
  }

  /** The user has come back to this view: its size counts again. */
  insist(): void {
    this.yielded = null;
  }

  /** Take the desktop's size from the server. */
  told({ width, height, reason, refusal }: ISize): void {
    const size = { width, height };
    if (reason === OWN) {
      this.refused = refusal === 0 ? null : this.asked;
      this.asked = null;
    } else if (this.mayYield && !same(size, this.current)) {
      // Xvnc tells the new size first, and later that another view asked for it.
      // A request of this view's own that is not answered yet came after that.
      this.yielded = this.wish;
    }
    if (refusal === 0) {
      this.current = size;
    }
  }

  /** Whether the desktop's new size can be another view's wish. */
  private get mayYield(): boolean {
    return !this.ruled && !this.asked && this.current !== null;
  }

  /** Return the size to ask for now, if any, and count it as asked for. */
  next(): IExtent | null {
    const { wish, asked, current } = this;
    if (!this.controls || !wish || asked || !current) {
      return null;
    }
    if ([current, this.refused, this.yielded].some(each => same(wish, each))) {
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
