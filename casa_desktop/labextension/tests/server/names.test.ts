import assert from 'node:assert/strict';
import { test } from 'vitest';
import { nameTrouble, notebookDesktop } from '../../src/server/names.js';

test('names follow the rule of the server', () => {
  for (const name of ['main', 'm31', 'NGC-1068_b', '3C273', 'm'.repeat(32)]) {
    assert.equal(nameTrouble(name), '', name);
  }
  const wrong = ['', '-m', '_m', 'm 31', 'm/31', 'é', 'm'.repeat(33)];
  for (const name of [...wrong, 'api', 'static', 'shared']) {
    assert.notEqual(nameTrouble(name), '', name);
  }
});

test("a notebook's desktop can be told by its name", () => {
  assert.match(notebookDesktop('data/m31.ipynb'), /^m31-[a-z0-9]{1,7}$/);
  assert.match(notebookDesktop('Band 6, NGC 1068.ipynb'), /^Band-6-NGC-1068-/);
  assert.match(notebookDesktop('étoile.ipynb'), /^etoile-/);
  assert.match(notebookDesktop('星.ipynb'), /^notebook-/);
});

test("a notebook's desktop has a name that is one", () => {
  const long = `${'a very long name '.repeat(9)}.ipynb`;
  const paths = ['a.ipynb', '.ipynb', '---.ipynb', 'api.ipynb', long, '星/é'];
  for (const path of paths) {
    assert.equal(nameTrouble(notebookDesktop(path)), '', path);
  }
});

test('each notebook has another desktop, and the same one each time', () => {
  const paths = ['m31.ipynb', 'a/m31.ipynb', 'b/m31.ipynb', 'm31 .ipynb'];
  assert.equal(new Set(paths.map(notebookDesktop)).size, paths.length);
  assert.equal(notebookDesktop('a/m31.ipynb'), notebookDesktop('a/m31.ipynb'));
  // Kernels and workspaces remember it: another digest would orphan desktops.
  assert.equal(notebookDesktop('a/m31.ipynb'), 'm31-10pozeq');
});
