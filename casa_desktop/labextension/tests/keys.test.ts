import assert from 'node:assert/strict';
import { test } from 'vitest';
import { keysymOf, typed } from '../src/keys.js';
import { guess } from '../src/lifesigns.js';
import { destination } from '../src/roving.js';
import { readAudience, readLink } from '../src/audience.js';

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

test('arrows go round, and other keys nowhere', () => {
  assert.equal(destination('ArrowRight', 2, 3), 0);
  assert.equal(destination('ArrowLeft', 0, 3), 2);
  assert.equal(destination('Home', 2, 3), 0);
  assert.equal(destination('End', 0, 3), 2);
  assert.equal(destination('a', 0, 3), null);
});

test('a connection that is lost is put down to what happened just before', () => {
  const moment = { cause: 'sleep', at: 1_000 } as const;
  assert.equal(guess(moment, true, 2_000), 'sleep');
  assert.equal(guess(moment, false, 2_000), 'network');
  assert.equal(guess(moment, true, 100_000), 'unknown');
  assert.equal(guess(null, true, 0), 'unknown');
});

test('only addresses of the web and of mail are asked about', () => {
  const read = (url: unknown): string | null => readLink({ url });
  assert.equal(read('https://casa.nrao.edu/'), 'https://casa.nrao.edu/');
  assert.equal(read('mailto:a@b.c'), 'mailto:a@b.c');
  assert.equal(read('javascript:alert(1)'), null);
  assert.equal(read('file:///etc/passwd'), null);
  assert.equal(read('nonsense'), null);
  assert.equal(read(7), null);
});

test('of an audience what is missing counts as nothing granted', () => {
  assert.deepEqual(readAudience({}), {
    views: 1,
    controls: false,
    viewOnly: false
  });
});
