// @vitest-environment happy-dom
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { Channel, IMessage } from '../../src/rfb/channel.js';
import { ClientStream } from '../../src/rfb/clientstream.js';
import type { Socket } from '../../src/server/socket.js';

/**
 * The far end of a channel, by hand: Debian's Node has no WebSocket. The real
 * one is in tests/system, with everything that is behind it.
 */
class Ends implements Socket {
  binaryType: BinaryType = 'blob';
  protocol = '';
  readyState = 1;
  greeting: Socket['greeting'];
  readonly sent: unknown[] = [];
  onopen: Socket['onopen'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  onmessage: Socket['onmessage'] = null;

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(): void {
    this.readyState = 3;
  }

  receive(data: unknown): void {
    const event = new MessageEvent('message', { data });
    this.onmessage?.call(this as never, event);
  }
}

class Call {
  now = 0;
  readonly ends = new Ends();
  readonly told: IMessage[] = [];
  readonly order: string[] = [];
  readonly met: number[] = [];
  readonly client = new ClientStream({ jpeg: null, sharing: 1, effort: 1 });
  readonly channel = new Channel(
    this.ends,
    this.client,
    {
      received: bytes => void this.order.push(`ours ${bytes.length}`),
      told: message => void this.told.push(message),
      filmed: (message, bytes) =>
        void this.order.push(`film ${message.stream} ${bytes.length}`),
      met: roundTrip => void this.met.push(roundTrip)
    },
    () => this.now
  );

  constructor() {
    this.channel.onmessage = ({ data }) => {
      this.order.push(`noVNC's ${data.byteLength}`);
    };
  }
}

test('binary frames go to us and then to noVNC, text frames to us alone', () => {
  const call = new Call();
  call.ends.receive(new ArrayBuffer(12));
  call.ends.receive('{"type":"audience","views":2}');
  assert.deepEqual(call.order, ['ours 12', "noVNC's 12"]);
  assert.deepEqual(call.told, [{ type: 'audience', views: 2 }]);
});

test('nothing is said to a server that has not spoken on the channel', () => {
  const call = new Call();
  call.channel.tell({ type: 'ping', id: 1 });
  assert.deepEqual(call.ends.sent, []);
  call.ends.receive('{"type":"audience"}');
  call.channel.tell({ type: 'ping', id: 1 });
  assert.deepEqual(call.ends.sent, ['{"type":"ping","id":1}']);
});

test('what was said before there was a view has told the first round trip', () => {
  for (const [roundTrip, met] of [
    [30, 30],
    [null, 120]
  ]) {
    const call = new Call();
    call.ends.greeting = { said: [], asked: 10, roundTrip };
    call.ends.receive(new ArrayBuffer(12));
    call.now = 100;
    call.channel.send(new Uint8Array(12));
    call.now = 130;
    call.ends.receive(new ArrayBuffer(2));
    assert.deepEqual(call.met, [met]);
  }
});

test('the first round trip is from the first word to what comes after it', () => {
  const call = new Call();
  call.ends.receive(new ArrayBuffer(12));
  call.now = 100;
  call.channel.send(new Uint8Array(12));
  call.now = 150;
  call.ends.receive(new ArrayBuffer(2));
  call.ends.receive(new ArrayBuffer(2));
  assert.deepEqual(call.met, [50]);
});

test('what our side does not want sent is not sent', () => {
  const call = new Call();
  call.channel.send(Uint8Array.from([0, ...new Array(19).fill(0)]));
  call.channel.send(Uint8Array.from([150, 1, 0, 0, 0, 0, 0, 9, 0, 9]));
  call.channel.write(call.client.show(false));
  const before = call.ends.sent.length;
  call.channel.send(Uint8Array.from([3, 1, 0, 0, 0, 0, 0, 9, 0, 9]));
  call.channel.write(null);
  assert.equal(call.ends.sent.length, before);
});

test('a channel that is given up is closed at once, and says why', () => {
  const call = new Call();
  const codes: number[] = [];
  call.channel.onclose = ({ code }) => void codes.push(code);
  call.channel.abandon('no answer');
  assert.deepEqual(codes, [4000]);
  assert.deepEqual(call.channel.closing, { code: 4000, reason: 'no answer' });
  assert.equal(call.channel.readyState, 3);
});

test('it has what noVNC looks for in a raw channel', () => {
  const { channel } = new Call();
  const names = [
    ...Object.keys(channel),
    ...Object.getOwnPropertyNames(Object.getPrototypeOf(channel))
  ];
  for (const name of [
    ...['send', 'close', 'binaryType', 'onerror', 'onmessage', 'onopen'],
    ...['protocol', 'readyState']
  ]) {
    assert.ok(names.includes(name), name);
  }
});

test('what follows the announcement of a frame is video, and only that', () => {
  const call = new Call();
  call.ends.receive('{"type": "frame", "stream": 3}');
  call.ends.receive(new ArrayBuffer(50));
  call.ends.receive(new ArrayBuffer(7));
  assert.deepEqual(call.order, ['film 3 50', 'ours 7', "noVNC's 7"]);
  assert.deepEqual(call.told, []);
});
