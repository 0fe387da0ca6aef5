import assert from 'node:assert/strict';
import { test } from 'vitest';
import { LossyArea, TILE } from '../../src/picture/lossyarea.js';

const FIRST = { x: 0, y: 0, width: TILE, height: TILE };
const SECOND = { ...FIRST, x: TILE };

/** Tiles in a row, of which the first is lossy. */
function tiles(): LossyArea {
  const area = new LossyArea();
  area.resize(3 * TILE, TILE);
  area.note({ ...FIRST, lossy: true, from: null }, 0);
  area.frame();
  return area;
}

test('a tile is exact when one frame has covered all of it without loss', () => {
  const area = tiles();
  const half = { ...FIRST, height: TILE / 2, lossy: false, from: null };
  area.note(half, 1);
  area.frame();
  assert.ok(!area.empty);
  area.note(half, 2);
  area.note({ ...half, y: TILE / 2 }, 2);
  area.frame();
  assert.ok(area.empty);
});

for (const again of [FIRST, SECOND]) {
  test(`JPEG is lossy after a frame amid which all was set exact, at ${again.x}`, () => {
    const area = tiles();
    area.note({ ...FIRST, lossy: false, from: null }, 1);
    area.note({ ...SECOND, lossy: false, from: null }, 1);
    // Video begins to cover the only lossy tile.
    area.set(FIRST, false);
    area.frame();
    area.note({ ...again, lossy: true, from: null }, 2);
    area.frame();
    assert.deepEqual(area.rects(), [again]);
  });
}
