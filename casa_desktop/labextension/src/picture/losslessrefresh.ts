import type { IRect } from '../rfb/clientmessages.js';
import type { IEncoding } from '../rfb/encodings.js';
import { LossyArea, TILE } from './lossyarea.js';
import { EXACT, LADDER } from './ladder.js';
import { ISample, QualityController } from './quality.js';
import type { IUpdate } from '../rfb/serverstream.js';

/** What to send to the server now. */
export interface IPlan {
  /** The encoding to announce; null to leave it. */
  readonly encoding: IEncoding | null;
  /** What to ask for again. */
  readonly areas: readonly IRect[];
}

/** What came since the last look: bytes, frames, and how many of these as video. */
interface ITick {
  readonly now: number;
  readonly bytes: number;
  readonly frames: number;
  readonly films: number;
}

/** How long a picture must stand still to be made exact, in ms. */
const REST = 150;
/** The same where it moved on during that. */
const LONG_REST = 320;
/** How long an exact picture may take before it is given up, in ms. */
const GIVE_UP = 3_000;
/** How long the exact picture may affect measurements afterwards, in ms. */
const AFTERMATH = 400;
/** How long it may occupy the link, in seconds. */
const HOGGING = 0.3;
/** Bytes per pixel of a colourful picture without loss, to plan with. */
const EXACT_BYTES = 0.7;
/** Moving areas of at most so many pixels do not keep the rest from being exact. */
const SMALL = 100_000;
/** How long to wait between exact pictures beside such an area, in ms. */
const APART = 1_000;
/** Over how long rates are taken, in ms. */
const WINDOW = 450;

/**
 * How the picture is sent: JPEG as the link allows while it moves, and without
 * loss as soon as it rests.
 */
export class Picture {
  readonly controller = new QualityController();
  readonly lossy = new LossyArea();
  private announced: IEncoding = this.controller.encoding;
  private refreshing: readonly IRect[] | null = null;
  /** What comes as JPEG although it rests, so that it is there soon. */
  private resting: IRect | null = null;
  /** What RFB brings nothing of, but for what was on its way before. */
  private hole: IRect | null = null;
  private began = 0;
  private moved = -Infinity;
  private rest = REST;
  private bytes = 0;
  private frames = 0;
  private films = 0;
  private ticks: ITick[] = [];

  /** Whether the whole picture is exact. */
  get exact(): boolean {
    return this.lossy.empty;
  }

  /** Whether `tick` should be called often just now. */
  get busy(): boolean {
    return this.bytes > 0 || !this.lossy.empty || this.refreshing !== null;
  }

  /** Whether what was asked for has come: `tick` goes on at once. */
  get due(): boolean {
    const { refreshing, resting } = this;
    return refreshing
      ? !refreshing.some(area => this.lossy.touches(area))
      : resting !== null && !this.lossy.empty;
  }

  /** Count received bytes, of any kind. */
  received(bytes: number): void {
    this.bytes += bytes;
  }

  /** A part of the picture has come. */
  update(update: IUpdate, now: number): void {
    this.lossy.note(update, now);
    if (this.hole && overlap(this.hole, update)) {
      // It comes again with the rest of the area, once that is not left out.
      this.lossy.set(this.hole, false);
    }
    const isAwaited = this.resting && overlap(this.resting, update);
    if (update.lossy && !isAwaited) {
      this.moved = now;
      this.resting = null;
    } else if (!update.lossy && this.refreshing && this.isElsewhere(update)) {
      this.interrupt(now);
    }
  }

  /** All parts of a frame have come. */
  frame(): void {
    this.frames += 1;
    this.lossy.frame();
  }

  /** A frame of video has been shown. */
  filmed(): void {
    this.frames += 1;
    this.films += 1;
  }

  /** RFB brings nothing of an area for now: do not wait for it. Null: of all. */
  leaveOut(area: IRect | null): void {
    this.hole = area;
    if (area) {
      this.lossy.set(area, false);
      this.refreshing = null;
      this.resting = null;
    }
  }

  /**
   * Have an area that was left out sent again: without loss at once if the link
   * carries that soon, else as all that moves, and then without loss: as soon as
   * that is there if it is known to rest.
   */
  restore(left: IRect, rests: boolean, now: number): IPlan {
    // Video has an even number of rows and columns, and what lies beside it in
    // its last tiles has counted as exact meanwhile.
    const area = this.lossy.whole(left);
    const pixels = (this.controller.capacity * HOGGING) / EXACT_BYTES;
    if (area.width * area.height > pixels) {
      // What was asked for without loss before may come as JPEG now.
      this.refreshing = null;
      this.resting = rests ? area : null;
      return this.plan(this.controller.encoding, [area]);
    }
    this.lossy.set(area, true);
    this.began = now;
    // Whole tiles: the area may end within some.
    this.refreshing = this.lossy.rects();
    return this.plan(LADDER[EXACT], this.refreshing);
  }

  /** Decide what to do. `delay`: how much longer than the shortest pings take, in ms. */
  tick(now: number, delay: number): IPlan {
    const moves = this.measure(now);
    const rates = this.rates(now);
    // Beside a film something may be made exact all the time.
    if (moves && rates.isVideo) {
      this.controller.sample({ now, delay, ...rates });
    }
    if (this.refreshing) {
      return this.refresh(now);
    }
    if (!this.lossy.empty && this.mayRefresh(now)) {
      return this.begin(now);
    }
    if (moves && !rates.isVideo && now - this.began > AFTERMATH) {
      this.controller.sample({ now, delay, ...rates });
    }
    return this.plan(this.controller.encoding);
  }

  private measure(now: number): boolean {
    const { bytes, frames, films } = this;
    this.ticks.push({ now, bytes, frames, films });
    // The newest of those before the window is where it begins.
    const inside = this.ticks.findIndex(tick => now - tick.now < WINDOW);
    this.ticks.splice(0, Math.max(0, inside - 1));
    this.bytes = this.frames = this.films = 0;
    return frames > 0;
  }

  private rates(now: number): Pick<ISample, 'rate' | 'frames' | 'isVideo'> {
    const [first, ...rest] = this.ticks;
    const seconds = Math.max(now - first.now, 1) / 1000;
    const sum = (what: 'bytes' | 'frames' | 'films'): number =>
      rest.reduce((total, tick) => total + tick[what], 0) / seconds;
    const [rate, frames] = [sum('bytes'), sum('frames')];
    return { rate, frames, isVideo: sum('films') > frames / 2 };
  }

  /**
   * Whether all lossy areas rest, or those that move are so small that their
   * next frames may come without loss, too.
   */
  private mayRefresh(now: number): boolean {
    if (now - this.moved >= this.rest) {
      return true;
    }
    const since = now - LONG_REST;
    return (
      now - this.began > APART &&
      this.lossy.moving(since) < SMALL &&
      this.lossy.rects(since).length > 0
    );
  }

  private begin(now: number): IPlan {
    const isStill = now - this.moved >= this.rest;
    this.began = now;
    const capacity = this.controller.capacity;
    const pixels = (capacity * HOGGING) / EXACT_BYTES;
    const rects = this.lossy.rects(isStill ? now : now - LONG_REST);
    this.refreshing = limited(rects, pixels);
    return this.plan(LADDER[EXACT], this.refreshing);
  }

  private refresh(now: number): IPlan {
    if (this.lossy.empty) {
      this.rest = REST;
      this.began = now;
      this.refreshing = null;
      this.resting = null;
      return this.plan(this.controller.encoding);
    }
    if (now - this.began > GIVE_UP) {
      this.interrupt(now);
      return this.plan(this.controller.encoding);
    }
    if (!this.due) {
      return this.plan(LADDER[EXACT]);
    }
    if (this.mayRefresh(now)) {
      return this.begin(now);
    }
    this.refreshing = null;
    return this.plan(this.controller.encoding);
  }

  /** Give up the exact picture, because something moves again. */
  private interrupt(now: number): void {
    this.refreshing = null;
    this.resting = null;
    this.moved = now;
    this.rest = LONG_REST;
  }

  /** Whether something large came that was not asked for. */
  private isElsewhere(update: IUpdate): boolean {
    const large = update.width * update.height > TILE * TILE;
    return large && !this.refreshing?.some(area => overlap(area, update));
  }

  private plan(encoding: IEncoding, areas: readonly IRect[] = []): IPlan {
    const changed = encoding !== this.announced;
    this.announced = encoding;
    return { encoding: changed ? encoding : null, areas };
  }
}

function overlap(one: IRect, other: IRect): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

/** The first of some rectangles, of so many pixels, and some tiles at least. */
function limited(rects: readonly IRect[], pixels: number): IRect[] {
  const found: IRect[] = [];
  let left = pixels;
  for (const rect of rects) {
    const rows = Math.floor(left / rect.width / TILE) * TILE;
    if (rows < rect.height) {
      const height = Math.min(Math.max(rows, TILE), rect.height);
      return found.length && rows < TILE
        ? found
        : [...found, { ...rect, height }];
    }
    found.push(rect);
    left -= rect.width * rect.height;
  }
  return found;
}
