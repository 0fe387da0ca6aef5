import assert from 'node:assert/strict';
import { test } from 'vitest';
import { encodingsOf, setEncodings } from '../../src/rfb/clientmessages.js';
import { ClientStream } from '../../src/rfb/clientstream.js';
import { IEncoding } from '../../src/rfb/encodings.js';
import { Writer } from './stream.js';

const EXACT: IEncoding = { jpeg: null, sharing: 1, effort: 1 };
const JPEG: IEncoding = { jpeg: 30, sharing: 4, effort: 6 };

/** Of noVNC 1.7.0, with quality 6 and compression 2. */
const NOVNC = [1, 7, -260, 16, 21, 5, 2, 6, 0, -26, -254, -223, -224, -308];
const UPDATES = new Writer().u8(150, 1).u16(0, 0, 800, 600).done();
const REQUEST = new Writer().u8(3, 1).u16(0, 0, 800, 600).done();
const FORMAT = new Writer().u8(0).zeros(19).done();

/** A stream whose handshake is over. */
function stream(encoding = EXACT): ClientStream {
  const made = new ClientStream(encoding);
  made.pass(FORMAT);
  return made;
}

function encodings(bytes: Uint8Array | null): number[] {
  assert.ok(bytes);
  return encodingsOf(bytes);
}

test('the whole handshake goes with the version, and nothing of it twice', () => {
  const made = new ClientStream(EXACT);
  const version = new TextEncoder().encode('RFB 003.008\n');
  assert.deepEqual(made.pass(version), Uint8Array.of(...version, 1, 1));
  assert.equal(made.pass(Uint8Array.of(1)), null, 'the kind of security');
  assert.equal(made.pass(Uint8Array.of(1)), null, 'other views may stay');
  assert.equal(made.pass(FORMAT), FORMAT);
});

test('what was not said ahead in the handshake is passed on', () => {
  const made = new ClientStream(EXACT);
  made.pass(new TextEncoder().encode('RFB 003.008\n'));
  for (const bytes of [[2], [3, 4]]) {
    const sent = Uint8Array.from(bytes);
    assert.equal(made.pass(sent), sent);
  }
});

test('continuous updates are asked for with the first picture, and not again', () => {
  const made = stream();
  const first = new Writer().u8(3, 0).u16(0, 0, 800, 600).done();
  assert.deepEqual(made.pass(first), Uint8Array.of(...first, ...UPDATES));
  assert.equal(made.pass(REQUEST), REQUEST, 'after what is no picture');
  assert.equal(made.pass(UPDATES), null);
  assert.deepEqual(made.pass(UPDATES), UPDATES, 'after a change of size');
  assert.equal(made.pass(first), first);
});

test('a hidden view gets its first picture, and none after it', () => {
  const made = stream();
  made.show(false);
  const first = new Writer().u8(3, 0).u16(0, 0, 800, 600).done();
  const none = new Writer().u8(150, 1).u16(0, 0, 0, 0).done();
  assert.deepEqual(made.pass(first), Uint8Array.of(...first, ...none));
  assert.equal(made.pass(UPDATES), null);
  assert.deepEqual(made.show(true), UPDATES);
});

test('without loss no quality of JPEG is announced at all', () => {
  const announced = encodings(stream().pass(setEncodings(NOVNC)));
  const isQuality = (n: number): boolean =>
    (n >= -32 && n <= -23) || (n >= -512 && n <= -412) || n <= -763;
  assert.deepEqual(announced.filter(isQuality), []);
  assert.ok(announced.includes(-255), 'the effort is');
});

test('JPEG is announced with a quality that Xvnc takes for lossless', () => {
  const announced = encodings(stream(JPEG).pass(setEncodings(NOVNC)));
  assert.deepEqual(announced.slice(-4), [-250, -23, -482, -767]);
});

test('only pictures that can be followed are asked for', () => {
  const announced = encodings(stream().pass(setEncodings(NOVNC)));
  assert.deepEqual(
    announced.filter(n => n >= 0),
    [1, 7, 0]
  );
  assert.ok(announced.includes(-308), 'what is no picture stays');
});

test('another encoding is announced with all that noVNC wants', () => {
  const made = stream();
  assert.equal(made.encode(JPEG), null);
  made.pass(setEncodings(NOVNC));
  assert.ok(encodings(made.encode(EXACT)).includes(-308));
});

test('a hidden view asks for an area of no size, and then for all of it', () => {
  const made = stream();
  assert.equal(made.show(true), null);
  assert.deepEqual(made.pass(UPDATES), UPDATES);
  const none = new Writer().u8(150, 1).u16(0, 0, 0, 0).done();
  assert.deepEqual(made.show(false), none);
  assert.deepEqual(made.pass(UPDATES), none, 'after a change of size, too');
  assert.equal(made.pass(REQUEST), null);
  assert.deepEqual(made.show(true), UPDATES);
  assert.equal(made.pass(REQUEST), REQUEST);
});

test('a long clipboard in pieces is not taken for messages', () => {
  const made = stream();
  const start = new Writer().u8(6, 0, 0, 0).u32(-30).zeros(10).done();
  assert.equal(made.pass(start), start);
  const rest = new Writer().u8(2).zeros(19).done();
  assert.equal(made.pass(rest), rest);
  assert.notEqual(made.pass(setEncodings(NOVNC)), null);
  assert.ok(encodings(made.encode(EXACT)).length > 3);
});

/** Continuous updates off; then what is around a hole of 200 x 100 at 300, 50. */
const AROUND = [
  ...new Writer().u8(150, 0).u16(0, 0, 0, 0).done(),
  ...new Writer().u8(3, 1).u16(0, 0, 800, 50).done(),
  ...new Writer().u8(3, 1).u16(0, 50, 300, 100).done(),
  ...new Writer().u8(3, 1).u16(500, 50, 300, 100).done(),
  ...new Writer().u8(3, 1).u16(0, 150, 800, 450).done()
];
const HOLE = { x: 300, y: 50, width: 200, height: 100 };

test('an area is left out by asking for all around it', () => {
  const made = stream();
  assert.equal(made.leaveOut(HOLE), null);
  made.leaveOut(null);
  made.pass(UPDATES);
  assert.deepEqual([...made.leaveOut(HOLE)!], AROUND);
  // As soon as continuous updates have stopped, noVNC asks for each.
  assert.deepEqual([...made.pass(REQUEST)!], AROUND.slice(10));
  assert.deepEqual(made.leaveOut(null), UPDATES);
  // It still does afterwards, and Xvnc ignores that.
  assert.equal(made.pass(REQUEST), REQUEST);
});

test('a hole at the edge has nothing to ask for beyond', () => {
  const made = stream();
  made.pass(UPDATES);
  const all = { x: 0, y: 0, width: 800, height: 600 };
  assert.equal(made.leaveOut(all)!.length, 10);
});

test('updates are asked for in a new size, for noVNC may not do so', () => {
  const made = stream();
  assert.equal(made.resize(640, 480), null);
  made.pass(UPDATES);
  const smaller = new Writer().u8(150, 1).u16(0, 0, 640, 480).done();
  assert.deepEqual(made.resize(640, 480), smaller);
  made.show(false);
  assert.deepEqual(made.show(true), smaller);
});
