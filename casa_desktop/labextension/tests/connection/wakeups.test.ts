import assert from 'node:assert/strict';
import { test } from 'vitest';
import { guess } from '../../src/connection/wakeups.js';

test('a connection that is lost is put down to what happened just before', () => {
  const moment = { cause: 'sleep', at: 1_000 } as const;
  assert.equal(guess(moment, true, 2_000), 'sleep');
  assert.equal(guess(moment, false, 2_000), 'network');
  assert.equal(guess(moment, true, 100_000), 'unknown');
  assert.equal(guess(null, true, 0), 'unknown');
});
