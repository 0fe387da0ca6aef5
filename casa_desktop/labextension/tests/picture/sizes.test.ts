import assert from 'node:assert/strict';
import { test } from 'vitest';
import { Sizes, wanted } from '../../src/picture/sizes.js';

const SCREEN = { id: 0, flags: 0 };

function told(
  sizes: Sizes,
  width: number,
  height: number,
  reason = 0,
  refusal = 0
): void {
  sizes.told({ width, height, reason, refusal, screen: SCREEN });
}

/** Sizes of a view of 800 x 600 on a desktop of 1600 x 900. */
function view(): Sizes {
  const sizes = new Sizes();
  told(sizes, 1600, 900);
  sizes.want({ width: 800, height: 600 });
  return sizes;
}

test('a sharp view wants all pixels of its screen, a hidden one nothing', () => {
  assert.deepEqual(wanted(800, 600, 2), { width: 1600, height: 1200 });
  assert.deepEqual(wanted(801.5, 600, 1.5), { width: 1202, height: 900 });
  assert.equal(wanted(0, 600, 2), null);
  assert.equal(wanted(800, 0.2, 2), null);
});

test('fractions that binary numbers lose cost no pixel', () => {
  assert.equal(wanted(1000 / 1.1, 10, 1.1)?.width, 1000);
});

test('no desktop is wanted that a browser could not draw', () => {
  assert.equal(wanted(9000, 100, 4)?.width, 16_384);
});

test('a size is asked for once, and again only after the answer', () => {
  const sizes = view();
  assert.deepEqual(sizes.next(), { width: 800, height: 600 });
  sizes.want({ width: 810, height: 600 });
  assert.equal(sizes.next(), null);
  told(sizes, 800, 600, 1);
  assert.deepEqual(sizes.next(), { width: 810, height: 600 });
});

test('nothing is asked before the desktop has told its size', () => {
  const sizes = new Sizes();
  sizes.want({ width: 800, height: 600 });
  assert.equal(sizes.next(), null);
});

test('a size that was refused is not asked for again, another one is', () => {
  const sizes = view();
  sizes.next();
  told(sizes, 1600, 900, 1, 3);
  assert.deepEqual(sizes.current, { width: 1600, height: 900 });
  assert.equal(sizes.next(), null);
  sizes.want({ width: 801, height: 600 });
  assert.deepEqual(sizes.next(), { width: 801, height: 600 });
});

test('of views that nobody rules, the one that asked last has its size', () => {
  const sizes = view();
  sizes.next();
  told(sizes, 800, 600, 1);
  told(sizes, 1200, 700, 2);
  assert.equal(sizes.next(), null);
  sizes.want({ width: 810, height: 600 });
  assert.deepEqual(sizes.next(), { width: 810, height: 600 });
});

test('a size that another view asked for is left from its first message on', () => {
  const sizes = view();
  sizes.next();
  told(sizes, 800, 600, 0);
  told(sizes, 800, 600, 1);
  // Xvnc says by whom in a later message, which may come in another chunk.
  told(sizes, 1200, 700, 0);
  assert.equal(sizes.next(), null);
  told(sizes, 1200, 700, 2);
  assert.equal(sizes.next(), null);
});

test('a size that was asked for while the answer was under way is not given up', () => {
  const sizes = view();
  sizes.next();
  told(sizes, 1200, 700, 0);
  told(sizes, 1200, 700, 2);
  sizes.want({ width: 810, height: 600 });
  told(sizes, 800, 600, 1);
  assert.deepEqual(sizes.next(), { width: 810, height: 600 });
});

test('of a new desktop the view asks for its own size', () => {
  const sizes = new Sizes();
  sizes.want({ width: 800, height: 600 });
  told(sizes, 1600, 900);
  assert.deepEqual(sizes.next(), { width: 800, height: 600 });
});

test('a view to which the user comes back has its size again', () => {
  const sizes = view();
  told(sizes, 1200, 700, 2);
  assert.equal(sizes.next(), null);
  sizes.insist();
  assert.deepEqual(sizes.next(), { width: 800, height: 600 });
});

test('a view that the server has put in control keeps its size', () => {
  const sizes = view();
  sizes.control(true);
  told(sizes, 1200, 700, 2);
  assert.deepEqual(sizes.next(), { width: 800, height: 600 });
});

test('a view that does not control the size asks for none', () => {
  const sizes = view();
  sizes.control(false);
  assert.equal(sizes.next(), null);
});

test('a view that is given the control asks, whatever it asked before', () => {
  const sizes = view();
  sizes.next();
  sizes.control(false);
  sizes.control(true);
  assert.deepEqual(sizes.next(), { width: 800, height: 600 });
});

test('a desktop of the size that the view has is left alone', () => {
  const sizes = view();
  told(sizes, 800, 600, 2);
  assert.equal(sizes.next(), null);
  assert.ok(sizes.fits);
});
