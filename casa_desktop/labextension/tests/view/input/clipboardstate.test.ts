import assert from 'node:assert/strict';
import { test } from 'vitest';
import {
  Clipboards,
  MOST_BYTES,
  normal,
  tooLong
} from '../../../src/view/input/clipboardstate.js';

const TEXT = '3 × 5 µJy, é, 中, 🔭';

test('a text of the browser goes to the desktop once', () => {
  const clipboards = new Clipboards();
  assert.equal(clipboards.inBrowser(TEXT), 'send');
  assert.equal(clipboards.desktop, TEXT);
  assert.equal(clipboards.inBrowser(TEXT), 'ignore');
});

test('a text of the desktop is owed to the browser until it has it', () => {
  const clipboards = new Clipboards();
  clipboards.onDesktop(TEXT);
  assert.equal(clipboards.owed, TEXT);
  clipboards.written(TEXT);
  assert.equal(clipboards.owed, null);
});

test('what one side was given is not sent back', () => {
  const clipboards = new Clipboards();
  clipboards.onDesktop(TEXT);
  clipboards.written(TEXT);
  assert.equal(clipboards.inBrowser(TEXT), 'ignore');
  clipboards.inBrowser('other');
  clipboards.onDesktop('other');
  assert.equal(clipboards.owed, null);
});

test('what could not be written is not lost to what is older there', () => {
  const clipboards = new Clipboards();
  clipboards.inBrowser('old');
  clipboards.onDesktop(TEXT);
  assert.equal(clipboards.inBrowser('old'), 'ignore');
  assert.equal(clipboards.owed, TEXT);
});

test('what was copied elsewhere since is newer than what is owed', () => {
  const clipboards = new Clipboards();
  clipboards.inBrowser('old');
  clipboards.onDesktop('from the desktop');
  assert.equal(clipboards.inBrowser('newer'), 'send');
  assert.equal(clipboards.owed, null);
});

test('a text that is pasted again goes over if the desktop has another', () => {
  const clipboards = new Clipboards();
  clipboards.pasted('a');
  clipboards.onDesktop('b');
  assert.equal(clipboards.pasted('a'), 'send');
  assert.equal(clipboards.pasted('a'), 'ignore');
});

test('another desktop is given the same text anew', () => {
  const clipboards = new Clipboards();
  clipboards.inBrowser(TEXT);
  clipboards.forgetDesktop();
  assert.equal(clipboards.inBrowser(TEXT), 'send');
});

test('an empty clipboard empties no other', () => {
  const clipboards = new Clipboards();
  clipboards.onDesktop(TEXT);
  assert.equal(clipboards.inBrowser(''), 'ignore');
  clipboards.onDesktop('');
  assert.equal(clipboards.desktop, TEXT);
});

test('lines end alike on both sides', () => {
  const clipboards = new Clipboards();
  clipboards.onDesktop('one\ntwo');
  clipboards.written('one\ntwo');
  assert.equal(clipboards.inBrowser('one\r\ntwo'), 'ignore');
});

test('half a character does not break the encoder', () => {
  assert.equal(normal('a\ud83d b \udd2d c 🔭'), 'a\ufffd b \ufffd c 🔭');
});

test('a text that Xvnc would drop is not sent, and one that fits is', () => {
  assert.equal(tooLong('x'.repeat(MOST_BYTES - 1)), false);
  assert.equal(tooLong('x'.repeat(MOST_BYTES)), true);
  assert.equal(tooLong('中'.repeat(Math.ceil(MOST_BYTES / 3))), true);
  assert.equal(tooLong('\n'.repeat(MOST_BYTES / 2)), true);
  const clipboards = new Clipboards();
  assert.equal(clipboards.inBrowser('x'.repeat(MOST_BYTES)), 'too long');
  assert.equal(clipboards.desktop, null);
});
