import assert from 'node:assert/strict';
import { test } from 'vitest';
import { keysymOf, typed } from '../../../src/view/input/keysyms.js';

test('characters have the keysyms that X knows them by', () => {
  assert.equal(keysymOf('a'), 0x61);
  assert.equal(keysymOf('é'), 0xe9);
  assert.equal(keysymOf('\n'), 0xff0d);
  assert.equal(keysymOf('中'), 0x01004e2d);
  assert.equal(keysymOf('🔭'), 0x0101f52d);
});

test('what an on-screen keyboard did is read from the text', () => {
  assert.deepEqual(typed('___', '___ab'), { deleted: 0, inserted: 'ab' });
  assert.deepEqual(typed('___', '__'), { deleted: 1, inserted: '' });
  assert.deepEqual(typed('__teh', '__the'), { deleted: 2, inserted: 'he' });
  assert.deepEqual(typed('_🔭', '_'), { deleted: 1, inserted: '' });
});
