import assert from 'node:assert/strict';
import { test } from 'vitest';
import { resourceText } from '../../src/view/resourcetext.js';

const NOW = Date.parse('2026-11-29T12:00:00Z');

function left(jobEnds: string | null, ends: string | null = null): string {
  return resourceText({ memory: null, jobEnds }, ends, NOW);
}

test('memory is told in gigabytes, in use and in all', () => {
  const memory = { used: 3_140_000_000, limit: 128_000_000_000 };
  assert.equal(
    resourceText({ memory, jobEnds: null }, null, NOW),
    '3.1 of 128 GB'
  );
});

test('what ends first is told, with at least the time that is left', () => {
  assert.equal(left('2026-11-29T12:42:59+00:00'), '42 min left');
  assert.equal(left(null, '2026-11-29T13:59:59.5+00:00'), '119 min left');
  assert.equal(
    left('2026-11-29T20:00:00+00:00', '2026-11-29T12:05:00+00:00'),
    '5 min left'
  );
  assert.equal(left('2026-11-29T14:59:00+00:00'), '2 h left');
  assert.equal(left('2026-12-02T11:00:00+00:00'), '2 days left');
  assert.equal(left('2026-11-29T12:00:30+00:00'), 'ends within a minute');
  assert.equal(left('2026-11-29T11:00:00+00:00'), 'ends within a minute');
});

test('what is not known is not told', () => {
  assert.equal(left(null), '');
  assert.equal(resourceText(null, undefined, NOW), '');
});
