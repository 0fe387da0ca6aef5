import assert from 'node:assert/strict';
import { test } from 'vitest';
import type { IRect } from '../../src/rfb/clientmessages.js';
import { isTaken, Motion, union } from '../../src/video/motion.js';

const FILM: IRect = { x: 130, y: 70, width: 600, height: 500 };
/** The tiles around it. */
const TILES: IRect = { x: 128, y: 64, width: 640, height: 512 };

/** A desktop of 1500 x 949. */
function desktop(): Motion {
  const motion = new Motion();
  motion.resize(1500, 949);
  return motion;
}

function show(motion: Motion, rect: IRect, ...times: number[]): void {
  times.forEach(now => {
    motion.note({ ...rect, lossy: true, from: null });
    motion.frame(now);
  });
}

test('what changes again and again moves, with the tiles around it', () => {
  const motion = desktop();
  show(motion, FILM, 0, 250, 500);
  assert.equal(motion.area(600), null);
  show(motion, FILM, 750);
  assert.deepEqual(motion.area(800), TILES);
});

test('what has stopped does not move any more', () => {
  const motion = desktop();
  show(motion, FILM, 0, 100, 200, 300);
  assert.ok(motion.area(400));
  assert.equal(motion.area(800), null);
});

test('what changes now and then does not move', () => {
  const motion = desktop();
  show(motion, FILM, 0, 1_000, 2_000, 3_000, 4_000);
  assert.equal(motion.area(4_100), null);
});

test('over a full link what comes in jerks moves, too', () => {
  const motion = desktop();
  show(motion, FILM, 0, 1_000, 2_000, 3_000);
  assert.equal(motion.area(3_500), null);
  assert.deepEqual(motion.area(3_500, 3), TILES);
});

test('the parts of one picture are one change', () => {
  const motion = desktop();
  show(motion, FILM, 0, 1, 2, 3, 4, 5);
  assert.equal(motion.area(10), null);
});

test('what was asked for again does not move when it comes', () => {
  const motion = desktop();
  show(motion, FILM, 0);
  for (const now of [250, 500, 750, 1_000]) {
    motion.expect(FILM);
    assert.ok(motion.expects(FILM));
    show(motion, FILM, now);
    assert.equal(motion.expects(FILM), false);
  }
  assert.equal(motion.area(1_010), null);
  show(motion, FILM, 1_020, 1_040, 1_060);
  assert.deepEqual(motion.area(1_070), TILES);
});

test('a frame that takes long is one change, in however many parts it comes', () => {
  const motion = desktop();
  for (let part = 0; part < 6; part++) {
    motion.note({ ...FILM, lossy: true, from: null });
  }
  motion.frame(600);
  assert.equal(motion.area(610), null);
});

test('what is small is not worth a video', () => {
  const motion = desktop();
  show(motion, { x: 0, y: 0, width: 200, height: 200 }, 0, 100, 200, 300);
  assert.equal(motion.area(310), null);
});

test('two small things far from each other are no film of all between them', () => {
  const motion = desktop();
  for (const x of [0, 1280]) {
    show(motion, { x, y: 0, width: 192, height: 320 }, 0, 100, 200, 300);
  }
  assert.equal(motion.area(310), null);
});

test('what is moved within the picture is not counted', () => {
  const motion = desktop();
  for (const now of [0, 100, 200, 300]) {
    motion.note({ ...FILM, lossy: false, from: { x: 0, y: 0 } });
    motion.frame(now);
  }
  assert.equal(motion.area(310), null);
});

test('an area at the edge has even sides', () => {
  const motion = desktop();
  const edge = { x: 900, y: 500, width: 600, height: 449 };
  show(motion, edge, 0, 100, 200, 300);
  const area = motion.area(310)!;
  assert.deepEqual(area, { x: 896, y: 448, width: 604, height: 500 });
});

test('no area is asked for that the server would not take', () => {
  const motion = desktop();
  motion.resize(1_310, 8_000);
  const strip = { x: 1_280, y: 0, width: 30, height: 8_000 };
  show(motion, strip, 0, 100, 200, 300);
  assert.equal(motion.area(310), null);
  assert.equal(isTaken({ x: 0, y: 0, width: 4_000, height: 4_000 }), false);
});

test('the union of two areas holds both', () => {
  assert.deepEqual(union(FILM, { x: 0, y: 500, width: 200, height: 200 }), {
    x: 0,
    y: 70,
    width: 730,
    height: 630
  });
});
