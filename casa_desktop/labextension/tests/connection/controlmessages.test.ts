import assert from 'node:assert/strict';
import { test } from 'vitest';
import {
  readAudience,
  readLink
} from '../../src/connection/controlmessages.js';

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
