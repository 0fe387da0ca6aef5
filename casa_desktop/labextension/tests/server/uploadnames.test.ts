import assert from 'node:assert/strict';
import { test } from 'vitest';
import {
  freeName,
  pathIn,
  pieces,
  quoted
} from '../../src/server/uploadnames.js';

const none = new Set<string>();

test('a name that is free is kept, one that is taken gets a number', () => {
  assert.equal(freeName('m31.fits', none), 'm31.fits');
  assert.equal(freeName('m31.fits', new Set(['m31.fits'])), 'm31-1.fits');
  const taken = new Set(['m31.fits', 'm31-1.fits']);
  assert.equal(freeName('m31.fits', taken), 'm31-2.fits');
});

test('the number comes before the ending, of which a packed file has two', () => {
  const again = (name: string): string => freeName(name, new Set([name]));
  assert.equal(again('m31.fits.gz'), 'm31-1.fits.gz');
  assert.equal(again('ngc.4258.fits'), 'ngc.4258-1.fits');
  assert.equal(again('notes'), 'notes-1');
  assert.equal(again('.casarc'), '.casarc-1');
});

test('no name leads out of the folder', () => {
  assert.equal(freeName('../../etc/passwd', none), '.._.._etc_passwd');
  assert.equal(freeName('..', none), 'file');
  assert.equal(freeName('', none), 'file');
});

test('a path has one slash between folder and name', () => {
  assert.equal(pathIn('', 'a'), 'a');
  assert.equal(pathIn('/data/m31/', 'a'), 'data/m31/a');
  assert.equal(quoted('data/m 31#/é'), 'data/m%2031%23/%C3%A9');
});

test('a file is cut without loss, and an empty one has one piece', () => {
  assert.deepEqual(pieces(0, 10), [[0, 0]]);
  assert.deepEqual(pieces(10, 10), [[0, 10]]);
  assert.deepEqual(pieces(25, 10), [
    [0, 10],
    [10, 20],
    [20, 25]
  ]);
});
