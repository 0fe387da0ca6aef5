import type { IRect } from '../rfb/clientmessages.js';
import type { IUpdate } from '../rfb/serverstream.js';

/** The side of a tile, in pixels of the desktop. */
export const TILE = 64;

/**
 * Which parts of the picture are not exact, in tiles.
 *
 * The server cuts what it sends as it likes. So a tile is exact again when the
 * rectangles without loss of one frame, which do not overlap, cover all of it.
 */
export class LossyArea {
  private columns = 0;
  private rows = 0;
  private width = 0;
  private height = 0;
  private tiles = new Uint8Array(0);
  private covered = new Uint16Array(0);
  private changed = new Float64Array(0);
  private count = 0;

  /** Whether all of the picture is exact. */
  get empty(): boolean {
    return this.count === 0;
  }

  /** The desktop has another size; what was lossy stays so where it is. */
  resize(width: number, height: number): void {
    const before = this.tiles;
    const [columns, rows] = [this.columns, this.rows];
    this.width = width;
    this.height = height;
    this.columns = Math.ceil(width / TILE);
    this.rows = Math.ceil(height / TILE);
    this.tiles = new Uint8Array(this.columns * this.rows);
    this.covered = new Uint16Array(this.tiles.length);
    this.changed = new Float64Array(this.tiles.length);
    this.count = 0;
    for (let row = 0; row < Math.min(rows, this.rows); row++) {
      for (let column = 0; column < Math.min(columns, this.columns); column++) {
        this.mark(column, row, before[row * columns + column]);
      }
    }
  }

  /** A part of the picture has come, at a time in ms. */
  note(update: IUpdate, now: number): void {
    const { lossy, from } = update;
    if (lossy || (from && this.touches({ ...update, ...from }))) {
      this.each(update, (column, row) => {
        this.mark(column, row, 1);
        this.changed[row * this.columns + column] = now;
      });
    } else if (!this.empty) {
      this.each(update, (column, row) => this.cover(update, column, row));
    }
  }

  /** All parts of a frame have come. */
  frame(): void {
    if (!this.empty) {
      this.covered.forEach((pixels, index) => {
        const [column, row] = [index % this.columns, index / this.columns];
        const tile = this.tile(column, Math.floor(row));
        if (pixels === tile.width * tile.height) {
          this.mark(column, Math.floor(row), 0);
        }
      });
    }
    // All may have been set exact amid the frame: what its parts have covered
    // must not make JPEG of the next frame count as exact.
    this.covered.fill(0);
  }

  /** Whether an area counts as lossy from now on; it does not move. */
  set(area: IRect, lossy: boolean): void {
    this.each(area, (column, row) => {
      this.mark(column, row, lossy ? 1 : 0);
      this.changed[row * this.columns + column] = -Infinity;
    });
  }

  /** How many pixels are lossy and have changed since a time. */
  moving(since: number): number {
    const isMoving = (tile: number, index: number): boolean =>
      tile === 1 && this.changed[index] > since;
    return this.tiles.filter(isMoving).length * TILE * TILE;
  }

  /** Rectangles of all lossy tiles that have not changed since a time. */
  rects(since = Infinity): IRect[] {
    const found: IRect[] = [];
    for (let row = 0; row < this.rows; row++) {
      for (const [begin, end] of this.runs(row, since)) {
        const rect = this.rect(begin, row, end, row + 1);
        const above = found.find(
          ({ x, y, width, height }) =>
            x === rect.x && width === rect.width && y + height === rect.y
        );
        if (above) {
          const height = above.height + rect.height;
          found[found.indexOf(above)] = { ...above, height };
        } else {
          found.push(rect);
        }
      }
    }
    return found;
  }

  /** The tiles of which an area has a part, as far as the desktop goes. */
  whole(area: IRect): IRect {
    return this.rect(...this.bounds(area));
  }

  private runs(row: number, since: number): [number, number][] {
    const found: [number, number][] = [];
    for (let column = 0; column < this.columns; column++) {
      const index = row * this.columns + column;
      if (this.tiles[index] && this.changed[index] <= since) {
        const last = found.at(-1);
        if (last?.[1] === column) {
          last[1] = column + 1;
        } else {
          found.push([column, column + 1]);
        }
      }
    }
    return found;
  }

  private rect(
    left: number,
    top: number,
    right: number,
    bottom: number
  ): IRect {
    const [x, y] = [left * TILE, top * TILE];
    return {
      x,
      y,
      width: Math.min(right * TILE, this.width) - x,
      height: Math.min(bottom * TILE, this.height) - y
    };
  }

  /** Whether an area is not exact somewhere. */
  touches(rect: IRect): boolean {
    let touched = false;
    this.each(rect, (column, row) => {
      touched ||= this.tiles[row * this.columns + column] === 1;
    });
    return touched;
  }

  private cover(by: IRect, column: number, row: number): void {
    const { x, y, width, height } = this.tile(column, row);
    const [right, bottom] = [by.x + by.width, by.y + by.height];
    const across = Math.min(right, x + width) - Math.max(by.x, x);
    const down = Math.min(bottom, y + height) - Math.max(by.y, y);
    this.covered[row * this.columns + column] += across * down;
  }

  private tile(column: number, row: number): IRect {
    return this.rect(column, row, column + 1, row + 1);
  }

  private mark(column: number, row: number, value: number): void {
    const index = row * this.columns + column;
    this.count += value - this.tiles[index];
    this.tiles[index] = value;
  }

  /** The first column and row of an area's tiles, and those behind the last. */
  private bounds({ x, y, width, height }: IRect) {
    const right = Math.min(Math.ceil((x + width) / TILE), this.columns);
    const bottom = Math.min(Math.ceil((y + height) / TILE), this.rows);
    return [Math.floor(x / TILE), Math.floor(y / TILE), right, bottom] as const;
  }

  private each(
    area: IRect,
    visit: (column: number, row: number) => void
  ): void {
    const [left, top, right, bottom] = this.bounds(area);
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        visit(column, row);
      }
    }
  }
}
