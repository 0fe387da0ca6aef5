import assert from 'node:assert/strict';
import { test } from 'vitest';
import { destination } from '../../src/view/roving.js';

test('arrows go round, and other keys nowhere', () => {
  assert.equal(destination('ArrowRight', 2, 3), 0);
  assert.equal(destination('ArrowLeft', 0, 3), 2);
  assert.equal(destination('Home', 2, 3), 0);
  assert.equal(destination('End', 0, 3), 2);
  assert.equal(destination('a', 0, 3), null);
});
