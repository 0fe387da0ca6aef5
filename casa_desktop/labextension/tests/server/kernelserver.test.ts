import assert from 'node:assert/strict';
import { afterEach, beforeEach, test, vi } from 'vitest';
import { Api, Missing, Refused, Unreachable } from '../../src/server/api.js';
import { IModel, KernelServer } from '../../src/server/kernelserver.js';
import type { Socket } from '../../src/server/socket.js';

interface ISent {
  readonly type: string;
  readonly id: string;
  readonly [key: string]: unknown;
}

type Listener = (...values: never[]) => void;

/** The kernel's end of the channel, by hand; the real one is in tests/system. */
class Kernel implements IModel {
  readonly sent: ISent[] = [];
  readonly buffers: ArrayBuffer[] = [];
  readonly listeners = new Map<string, Listener>();

  send(content: unknown, _: unknown, buffers: ArrayBuffer[] = []): void {
    this.sent.push(content as ISent);
    this.buffers.push(...buffers);
  }

  on(event: string, listener: Listener): void {
    this.listeners.set(event, listener);
  }

  off(event: string, listener: Listener): void {
    assert.equal(this.listeners.get(event), listener);
    this.listeners.delete(event);
  }

  get last(): ISent {
    return this.sent[this.sent.length - 1];
  }

  tell(content: object, ...buffers: Uint8Array[]): void {
    const views = buffers.map(
      ({ buffer, byteOffset, byteLength }) =>
        new DataView(buffer, byteOffset, byteLength)
    );
    this.listeners.get('msg:custom')?.(content as never, views as never);
  }

  die(): void {
    this.listeners.get('comm_live_update')?.();
  }
}

const DESKTOP = { name: 'm31', display: ':3', started: '', websocket: '/m31' };

let kernel: Kernel;
let api: Api;
let server: KernelServer;

beforeEach(() => {
  vi.useFakeTimers();
  kernel = new Kernel();
  server = new KernelServer(kernel);
  api = new Api(server);
});

afterEach(() => void vi.useRealTimers());

function open(): Socket & { readonly heard: number[]; closed: number } {
  const socket = api.connect(DESKTOP);
  const seen = Object.assign(socket, { heard: [] as number[], closed: 0 });
  socket.onmessage = ({ data }) =>
    seen.heard.push(...new Uint8Array(data as ArrayBuffer));
  socket.onclose = ({ code }) => {
    seen.closed = code;
  };
  return seen;
}

test('a request is answered by the message with its id', async () => {
  const started = api.start('m31');
  const { type, id, method, path, body } = kernel.last;
  assert.deepEqual([type, method, path], ['ask', 'POST', 'desktops']);
  assert.equal(body, '{"name":"m31"}');
  kernel.tell({ type: 'answer', id: 'another page', status: 500, body: {} });
  kernel.tell({ type: 'answer', id, status: 200, body: DESKTOP });
  assert.equal((await started).display, ':3');
});

test('the kernel says that a desktop is missing as the server does', async () => {
  const looked = api.look('m31');
  const body = { error: 'NotRunning', message: 'It is not running.' };
  kernel.tell({ type: 'answer', id: kernel.last.id, status: 404, body });
  await assert.rejects(looked, new Missing('It is not running.'));
});

test('a picture comes as bytes', async () => {
  const taken = api.screenshot('m31');
  const bytes = new Uint8Array([0, 7, 8, 9]).subarray(1);
  kernel.tell({ type: 'answer', id: kernel.last.id, status: 200 }, bytes);
  const blob = await taken;
  assert.deepEqual(
    new Uint8Array(await blob.arrayBuffer()),
    new Uint8Array([7, 8, 9])
  );
});

test('a kernel that does not answer cannot be reached', async () => {
  const looked = api.look('m31');
  const refused = assert.rejects(looked, Unreachable);
  vi.advanceTimersByTime(60_000);
  await refused;
});

test('a socket opens, carries bytes both ways, and is closed', () => {
  const socket = open();
  const { id } = kernel.last;
  assert.deepEqual(kernel.last, { type: 'open', id, desktop: 'm31' });
  socket.send(new Uint8Array([1]));
  assert.equal(kernel.sent.length, 1, 'nothing is sent before it is open');
  kernel.tell({ type: 'opened', id });
  assert.equal(socket.readyState, 1);
  kernel.tell({ type: 'data', id }, new Uint8Array([5, 6]));
  kernel.tell({ type: 'data', id: 'another page' }, new Uint8Array([7]));
  assert.deepEqual(socket.heard, [5, 6]);
  socket.send(new Uint8Array([0, 3, 4]).subarray(1));
  assert.deepEqual(new Uint8Array(kernel.buffers[0]), new Uint8Array([3, 4]));
  socket.close();
  assert.equal(kernel.last.type, 'close');
  assert.equal(socket.closed, 1000);
});

test('the kernel hears how much was taken', () => {
  open();
  const { id } = kernel.last;
  kernel.tell({ type: 'opened', id });
  kernel.tell({ type: 'data', id }, new Uint8Array(32_000));
  assert.equal(kernel.sent.length, 1);
  kernel.tell({ type: 'data', id }, new Uint8Array(1_000));
  assert.deepEqual(kernel.last, { type: 'taken', id, bytes: 33_000 });
});

test('a kernel that is silent for two beats is given up', () => {
  const socket = open();
  const { id } = kernel.last;
  kernel.tell({ type: 'opened', id });
  vi.advanceTimersByTime(20_000);
  assert.equal(kernel.last.type, 'here');
  kernel.tell({ type: 'here', id });
  vi.advanceTimersByTime(20_000);
  assert.equal(socket.closed, 0);
  vi.advanceTimersByTime(20_000);
  assert.equal(socket.closed, 1006);
  const sent = kernel.sent.length;
  vi.advanceTimersByTime(60_000);
  assert.equal(kernel.sent.length, sent, 'it beats no more');
});

test('the end of the kernel ends what is under way, and is said at once', async () => {
  const socket = open();
  const looked = api.look('m31');
  const error = new Refused('The kernel has ended. Run the cell again.');
  const refused = assert.rejects(looked, error);
  kernel.die();
  assert.equal(socket.closed, 1001);
  await refused;
  await assert.rejects(api.look('m31'), error);
});

test('a view that is taken away closes its sockets and hears no more', () => {
  const socket = open();
  server.dispose();
  assert.equal(socket.closed, 1000);
  assert.equal(kernel.listeners.size, 0);
});
