import type { IRect } from '../rfb/clientmessages.js';
import type { IUpdate } from '../rfb/serverstream.js';

/** The side of a tile, in pixels of the desktop; even, as video wants it. */
export const TILE = 64;
/** A tile moves if it has changed so many times within so many ms, ... */
const TIMES = 4;
const WITHIN = 1_200;
/** ... and the last time not longer ago than this. */
const LATELY = 400;
/** Changes that are closer than this, in ms, belong to one picture. */
const AT_ONCE = 8;
/** The fewest pixels that are worth a video. */
const LEAST = 80_000;
/** The part of the area that must move. */
const FILL = 0.5;
/** The fewest pixels across and down, and the most in all, that the server takes. */
const LEAST_SIDE = 64;
const MOST = 1 << 22;

/** Which part of the picture keeps moving, by what RFB brings of it. */
export class Motion {
  private columns = 0;
  private rows = 0;
  private width = 0;
  private height = 0;
  /** For each tile the times of its last changes, the oldest first. */
  private times: number[][] = [];
  /** The tiles of which parts have come in the frame that is just coming. */
  private readonly changed = new Set<number>();
  /** The tiles that were asked for again, and have not come yet. */
  private readonly expected = new Set<number>();

  /** The desktop has another size: nothing is known of its motion. */
  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.columns = Math.ceil(width / TILE);
    this.rows = Math.ceil(height / TILE);
    this.changed.clear();
    this.expected.clear();
    this.forget();
  }

  /** Forget what has moved. */
  forget(): void {
    this.times = Array.from({ length: this.columns * this.rows }, () => []);
  }

  /**
   * An area was asked for again: when it comes, that is no motion. On a full
   * link a picture that is made exact comes in parts, seconds long.
   */
  expect(area: IRect): void {
    this.tiles(area).forEach(tile => this.expected.add(tile));
  }

  /** Whether a part of an area was asked for again and has not come yet. */
  expects(area: IRect): boolean {
    return this.tiles(area).some(tile => this.expected.has(tile));
  }

  /** A part of the picture has come; return whether something moves in it. */
  note(update: IUpdate): boolean {
    if (update.from) {
      // What is moved within the picture costs RFB nothing.
      return false;
    }
    const tiles = this.tiles(update);
    tiles.forEach(tile => this.changed.add(tile));
    return tiles.some(tile => !this.expected.has(tile));
  }

  /** All parts of a frame have come, at a time in ms. */
  frame(now: number): void {
    for (const tile of this.changed) {
      const times = this.times[tile];
      const last = times.at(-1) ?? -Infinity;
      if (!this.expected.delete(tile) && now - last > AT_ONCE) {
        times.push(now);
        times.splice(0, times.length - TIMES);
      }
    }
    this.changed.clear();
  }

  /**
   * The area that keeps moving; null if there is none that is large enough.
   *
   * @param patience how many times longer than usual its changes may be apart.
   */
  area(now: number, patience = 1): IRect | null {
    const moving = [...this.times.keys()].filter(tile =>
      moves(this.times[tile], now, patience)
    );
    const pixels = moving.length * TILE * TILE;
    if (pixels < LEAST) {
      return null;
    }
    const area = this.around(moving);
    const all = area.width * area.height;
    return pixels >= FILL * all && isTaken(area) ? area : null;
  }

  /** Whether anything has changed lately. */
  stirs(now: number, patience = 1): boolean {
    return this.times.some(
      times => now - (times.at(-1) ?? -Infinity) < LATELY * patience
    );
  }

  private tiles({ x, y, width, height }: IRect): number[] {
    const right = Math.min(Math.ceil((x + width) / TILE), this.columns);
    const bottom = Math.min(Math.ceil((y + height) / TILE), this.rows);
    const found: number[] = [];
    for (let row = Math.floor(y / TILE); row < bottom; row++) {
      for (let column = Math.floor(x / TILE); column < right; column++) {
        found.push(row * this.columns + column);
      }
    }
    return found;
  }

  private around(tiles: readonly number[]): IRect {
    const columns = tiles.map(tile => tile % this.columns);
    const rows = tiles.map(tile => Math.floor(tile / this.columns));
    const [x, y] = [Math.min(...columns) * TILE, Math.min(...rows) * TILE];
    const right = Math.min((Math.max(...columns) + 1) * TILE, this.width);
    const bottom = Math.min((Math.max(...rows) + 1) * TILE, this.height);
    return { x, y, width: even(right - x), height: even(bottom - y) };
  }
}

function moves(
  times: readonly number[],
  now: number,
  patience: number
): boolean {
  return (
    times.length === TIMES &&
    now - times[0] < WITHIN * patience &&
    now - times[TIMES - 1] < LATELY * patience
  );
}

/** Two by two pixels share a colour in video; an odd last row is left to RFB. */
function even(side: number): number {
  return side - (side % 2);
}

/** Whether the server makes a video of an area. */
export function isTaken({ width, height }: IRect): boolean {
  return Math.min(width, height) >= LEAST_SIDE && width * height <= MOST;
}

/** The smallest area that holds both. */
export function union(one: IRect, other: IRect): IRect {
  const [x, y] = [Math.min(one.x, other.x), Math.min(one.y, other.y)];
  const right = Math.max(one.x + one.width, other.x + other.width);
  const bottom = Math.max(one.y + one.height, other.y + other.height);
  return { x, y, width: right - x, height: bottom - y };
}

/** Whether two areas are the same. */
export function same(one: IRect | null, other: IRect | null): boolean {
  return (
    one?.x === other?.x &&
    one?.y === other?.y &&
    one?.width === other?.width &&
    one?.height === other?.height
  );
}

/** Whether two areas have a pixel in common. */
export function overlap(one: IRect, other: IRect): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}
