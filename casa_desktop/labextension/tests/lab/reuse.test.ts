import assert from 'node:assert/strict';
import { test } from 'vitest';
import { keptIn, withKept } from '../../src/lab/casakernel.js';
import { readReuse } from '../../src/lab/reuse.js';

test('a reused result is read with its log, folded', () => {
  const log = {
    state: 'done',
    counts: { total: 1 },
    messages: [],
    open: false
  };
  const line = 'split: nothing to do.';
  const found = readReuse({ line, key: 'ab', why: 'as it was', log });
  assert.equal(found.line, 'split: nothing to do.');
  assert.deepEqual([found.key, found.why], ['ab', 'as it was']);
  assert.deepEqual([found.log?.total, found.log?.opens], [1, false]);
});

test('what is no reused result is read as an empty one', () => {
  for (const value of [
    null,
    7,
    'text',
    [],
    { line: 5, key: {}, why: 3, log: null }
  ]) {
    assert.deepEqual(readReuse(value), {
      line: '',
      key: '',
      why: '',
      log: null
    });
  }
});

test('a document keeps modes and reuse beside each other', () => {
  const modes = { default: 'live', tasks: {} };
  const both = withKept(withKept({ other: 1 }, 'modes', modes), 'reuse', true);
  assert.deepEqual(both, { other: 1, modes, reuse: true });
  assert.equal(keptIn(both, 'reuse'), true);
  assert.deepEqual(keptIn(both, 'modes'), modes);
  for (const metadata of [null, 'text', undefined]) {
    assert.equal(keptIn(metadata, 'reuse'), null);
    assert.deepEqual(withKept(metadata, 'reuse', false), { reuse: false });
  }
});
