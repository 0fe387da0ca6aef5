import assert from 'node:assert/strict';
import { test } from 'vitest';
import {
  requestAgain,
  setEncodings,
  setPixelFormat,
  updateContinuously
} from '../../src/rfb/clientmessages.js';
import { ClientStream } from '../../src/rfb/clientstream.js';
import { announced, IEncoding, NOVNC } from '../../src/rfb/encodings.js';
import { Greeting } from '../../src/rfb/greeting.js';
import { greeting, Writer } from './stream.js';

const JPEG: IEncoding = { jpeg: 30, sharing: 4, effort: 6 };
const ALL = { x: 0, y: 0, width: 1600, height: 900 };
const SERVER = greeting().done();
const [VERSION, REST] = [SERVER.slice(0, 12), SERVER.slice(12)];

class Call {
  now = 0;
  readonly trips: number[] = [];
  readonly greeting = new Greeting(
    roundTrip => {
      this.trips.push(roundTrip);
      return JPEG;
    },
    () => this.now
  );

  /** What is answered to some bytes, one after the other or all at once. */
  hear(bytes: Uint8Array): number[] {
    return [...(this.greeting.hear(bytes) ?? [])];
  }
}

test('the whole handshake is said to the version, and then the first picture asked for', () => {
  const call = new Call();
  assert.deepEqual(call.hear(VERSION), [...VERSION, 1, 1]);
  call.now = 70;
  assert.deepEqual(call.hear(REST), [
    ...setPixelFormat(),
    ...setEncodings(announced(NOVNC, JPEG)),
    ...requestAgain(ALL),
    ...updateContinuously(ALL)
  ]);
  assert.deepEqual(call.trips, [70]);
  assert.equal(call.greeting.roundTrip, 70);
  assert.deepEqual(call.hear(Uint8Array.of(0, 0, 0, 0)), [], 'a picture');
});

test('what comes byte by byte is understood, too', () => {
  const call = new Call();
  const said = [...SERVER].map(byte => call.hear(Uint8Array.of(byte)).length);
  assert.deepEqual(
    said.filter(length => length > 0),
    [14, 20 + 4 + 4 * announced(NOVNC, JPEG).length + 20]
  );
});

test('to another server than ours no more is said, and noVNC goes on', () => {
  for (const odd of [
    new Writer().u8(1, 2).done(),
    new Writer().u8(2, 1, 2).zeros(30).done(),
    new Writer().u8(1, 1).u32(1).zeros(30).done()
  ]) {
    const call = new Call();
    call.hear(VERSION);
    assert.deepEqual(call.hear(odd), []);
    const client = new ClientStream(JPEG, call.greeting.said);
    assert.equal(client.pass(VERSION), null);
    assert.deepEqual(client.pass(Uint8Array.of(2)), Uint8Array.of(2));
  }
  const other = new Call();
  assert.deepEqual(other.hear(new TextEncoder().encode('RFB 003.003\n')), []);
  assert.equal(other.greeting.asked, null);
});

test('what has been said is not said again, and what differs is', () => {
  const call = new Call();
  call.hear(VERSION);
  call.hear(REST);
  const say = (encoding: IEncoding) => {
    const client = new ClientStream(encoding, call.greeting.said);
    return [
      VERSION,
      Uint8Array.of(1),
      Uint8Array.of(1),
      setPixelFormat(),
      setEncodings([7, ...NOVNC]),
      requestAgain(ALL),
      updateContinuously(ALL),
      updateContinuously(ALL)
    ].map(bytes => client.pass(bytes));
  };
  const once = [...Array<null>(7).fill(null), updateContinuously(ALL)];
  assert.deepEqual(say(JPEG), once);
  const exact = { jpeg: null, sharing: 1, effort: 1 } as const;
  once[4] = setEncodings(announced(NOVNC, exact)) as never;
  assert.deepEqual(say(exact), once);
});
