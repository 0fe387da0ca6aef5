// @vitest-environment happy-dom
import assert from 'node:assert/strict';
import { resolveObjectURL } from 'node:buffer';
import { test, vi } from 'vitest';
import { download } from '../src/dom.js';

test('a file that is saved can still be read after the click', async () => {
  const made = vi.spyOn(URL, 'createObjectURL');
  download(new Blob(['picture']), 'picture.png');
  const address = made.mock.results[0].value as string;
  assert.equal(await resolveObjectURL(address)?.text(), 'picture');
});
