import assert from 'node:assert/strict';
import { test } from 'vitest';
import * as encodings from '../../src/rfb/encodings.js';
import {
  IFollower,
  ISize,
  IUpdate,
  ServerStream
} from '../../src/rfb/serverstream.js';
import { greeting, Writer } from './stream.js';

/** Notes what a stream tells. */
class Notes implements IFollower {
  readonly begun: [number, number][] = [];
  readonly updates: IUpdate[] = [];
  readonly sizes: ISize[] = [];
  frames = 0;
  unicodes = 0;

  begin(width: number, height: number): void {
    this.begun.push([width, height]);
  }

  update(update: IUpdate): void {
    this.updates.push(update);
  }

  frame(): void {
    this.frames += 1;
  }

  size(size: ISize): void {
    this.sizes.push(size);
  }

  unicode(): void {
    this.unicodes += 1;
  }
}

/** Follow a stream that is cut into pieces of so many bytes. */
function follow(bytes: Uint8Array, piece: number): [Notes, ServerStream] {
  const notes = new Notes();
  const stream = new ServerStream(notes);
  for (let at = 0; at < bytes.length; at += piece) {
    stream.feed(bytes.subarray(at, at + piece));
  }
  return [notes, stream];
}

/** All that TigerVNC sends to those who prefer Tight. */
function everything(): Uint8Array {
  return greeting()
    .u8(0, 0)
    .u16(8)
    .rect(0, 0, 1600, 900, encodings.EXTENDED_DESKTOP_SIZE)
    .u8(1, 0, 0, 0)
    .u32(7)
    .u16(0, 0, 1600, 900)
    .u32(9)
    .rect(0, 0, 24, 24, encodings.CURSOR)
    .zeros(24 * 24 * 4 + 3 * 24)
    .rect(1, 1, 16, 16, encodings.VMWARE_CURSOR)
    .u8(1, 0)
    .zeros(16 * 16 * 4)
    .rect(0, 0, 64, 64, encodings.TIGHT) // A fill.
    .u8(0x80, 1, 2, 3)
    .rect(64, 0, 64, 64, encodings.TIGHT) // JPEG of 300 bytes.
    .u8(0x90, 0xac, 0x02)
    .zeros(300)
    .rect(128, 0, 64, 64, encodings.TIGHT) // Two colours.
    .u8(0x50, 1, 1)
    .zeros(6)
    .u8(20)
    .zeros(20)
    .rect(0, 64, 2, 2, encodings.TIGHT) // Too small to be compressed.
    .u8(0x40, 1, 2)
    .zeros(9)
    .zeros(4)
    .rect(0, 64, 64, 64, encodings.COPY_RECT)
    .u16(64, 0)
    .u8(2) // Bell.
    .u8(150) // EndOfContinuousUpdates.
    .u8(3, 0, 0, 0)
    .u32(5)
    .zeros(5) // ServerCutText, and the extended one.
    .u8(3, 0, 0, 0)
    .u32(-4)
    .zeros(4)
    .u8(248, 0, 0, 0)
    .u32(0x80000003)
    .u8(2, 9, 9) // ServerFence.
    .u8(250, 0, 1, 1) // xvp.
    .u8(0, 0)
    .u16(0xffff)
    .rect(0, 0, 2, 2, encodings.RAW)
    .zeros(16)
    .rect(0, 0, 0, 0, encodings.DESKTOP_NAME)
    .u32(3)
    .zeros(3)
    .rect(0, 0, 0, 0, encodings.QEMU_LED)
    .u8(0)
    .rect(0, 0, 0, 0, encodings.LAST_RECT)
    .done();
}

for (const piece of [1, 2, 3, 7, 64, 100_000]) {
  test(`a stream in pieces of ${piece} bytes is followed to its end`, () => {
    const [notes, stream] = follow(everything(), piece);
    assert.equal(stream.lost, false);
    assert.deepEqual(notes.begun, [[1600, 900]]);
    assert.equal(notes.frames, 2);
    assert.equal(notes.unicodes, 1);
    assert.deepEqual(
      notes.updates.map(({ lossy, from }) => lossy || from !== null),
      [false, true, false, false, true, false]
    );
    assert.deepEqual(notes.updates[4].from, { x: 64, y: 0 });
  });
}

test('the size comes with its reason and the number of the screen', () => {
  const [{ sizes }] = follow(everything(), 1000);
  assert.deepEqual(sizes, [
    {
      width: 1600,
      height: 900,
      reason: 0,
      refusal: 0,
      screen: { id: 7, flags: 9 }
    }
  ]);
});

test('an encoding that was not asked for ends the following, and no more', () => {
  const bytes = greeting().u8(0, 0).u16(1).rect(0, 0, 8, 8, 16).zeros(50);
  const [notes, stream] = follow(bytes.done(), 10);
  assert.equal(stream.lost, true);
  assert.equal(notes.frames, 0);
});

test('a long length of Tight has its third byte whole', () => {
  const bytes = greeting()
    .u8(0, 0)
    .u16(1)
    .rect(0, 0, 400, 100, encodings.TIGHT)
    .u8(0x90, 0x80, 0x80, 0x04)
    .zeros(65_536)
    .u8(2, 0, 0)
    .u16(0);
  const [notes, stream] = follow(bytes.done(), 4096);
  assert.equal(stream.lost, false);
  assert.equal(notes.frames, 1);
});

test('a writer writes as a network does', () => {
  assert.deepEqual(
    [...new Writer().u16(258).u32(-2).done()],
    [1, 2, 255, 255, 255, 254]
  );
});
