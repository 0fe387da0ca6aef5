import assert from 'node:assert/strict';
import { test } from 'vitest';
import { backoff, MAX_DELAY } from '../../src/connection/backoff.js';

const longest = () => 1;
const shortest = () => 0;

test('the wait doubles from half a second up to fifteen seconds', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6].map(n => backoff(n, longest));
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15000, 15000]);
});

test('the wait is never shorter than half its ceiling', () => {
  assert.equal(backoff(0, shortest), 250);
  assert.equal(backoff(9, shortest), MAX_DELAY / 2);
});

test('the wait stays finite after a night of attempts', () => {
  assert.equal(backoff(1_000_000, longest), MAX_DELAY);
});
