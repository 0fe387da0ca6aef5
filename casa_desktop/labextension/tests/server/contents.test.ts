// @vitest-environment happy-dom
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { IServer } from '../../src/server/api.js';
import { uploadInto, UploadFailed } from '../../src/server/contents.js';

interface IModel {
  readonly content: string;
  readonly chunk?: number;
  readonly format: string;
}

/**
 * A folder of a server that takes files as Jupyter's contents API does. The
 * real one is in tests/system; what it is sent in pieces is looked at here.
 */
class Shelf implements IServer {
  readonly baseUrl = 'http://localhost/hub/';
  readonly wsUrl = 'ws://localhost/hub/';
  readonly token = '';
  readonly puts: string[] = [];
  readonly chunks: (number | undefined)[] = [];
  refusal: [number, string] | null = null;
  private readonly folder = mkdtempSync(join(tmpdir(), 'shelf-'));

  constructor(private readonly names: string[]) {
    onTestFinished(() => rmSync(this.folder, { recursive: true }));
  }

  async request(url: string, init: RequestInit): Promise<Response> {
    if (init.method === 'GET') {
      const content = this.names.map(name => ({ name }));
      return new Response(JSON.stringify({ content }));
    }
    if (this.refusal) {
      const [status, message] = this.refusal;
      return new Response(JSON.stringify({ message }), { status });
    }
    const model = JSON.parse(String(init.body)) as IModel;
    this.puts.push(url);
    this.chunks.push(model.chunk);
    const flag = (model.chunk ?? 1) === 1 ? 'w' : 'a';
    const bytes = Buffer.from(model.content, 'base64');
    writeFileSync(join(this.folder, 'file'), bytes, { flag });
    return new Response('{}', { status: 201 });
  }

  get content(): Buffer {
    return readFileSync(join(this.folder, 'file'));
  }
}

function file(size: number, name = 'm31.fits'): File {
  return new File([new Uint8Array(size).map((_, n) => n % 251)], name);
}

const ignore = (): void => undefined;

test('a small file goes in one piece, under a name that is free', async () => {
  const shelf = new Shelf(['m31.fits']);
  const path = await uploadInto(shelf, 'data', file(1000), ignore);
  assert.equal(path, 'data/m31-1.fits');
  assert.deepEqual(shelf.puts, [
    'http://localhost/hub/api/contents/data/m31-1.fits'
  ]);
  assert.deepEqual(shelf.chunks, [undefined]);
  assert.equal(shelf.content.length, 1000);
});

test('a large file goes in numbered pieces, and arrives as it was', async () => {
  const shelf = new Shelf([]);
  const size = 7_000_000;
  const seen: number[] = [];
  await uploadInto(shelf, '', file(size), done => void seen.push(done));
  assert.deepEqual(shelf.chunks, [1, 2, -1]);
  assert.equal(seen.at(-1), 1);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => a - b)
  );
  assert.equal(shelf.content.length, size);
  assert.ok(shelf.content.every((byte, n) => byte === n % 251));
});

test('an empty file arrives, too', async () => {
  const shelf = new Shelf([]);
  assert.equal(await uploadInto(shelf, '', file(0), ignore), 'm31.fits');
  assert.equal(shelf.content.length, 0);
});

test('what goes wrong is said in a sentence', async () => {
  const said = async (status: number, message = ''): Promise<string> => {
    const shelf = new Shelf([]);
    shelf.refusal = [status, message];
    try {
      await uploadInto(shelf, '', file(10), ignore);
    } catch (error) {
      assert.ok(error instanceof UploadFailed);
      return error.message;
    }
    return '';
  };
  assert.match(await said(500, '[Errno 28] No space left on device'), /full/);
  assert.match(await said(403), /does not let you write/);
  assert.match(await said(413), /of this size/);
  assert.match(await said(404), /no such folder/);
  assert.equal(await said(500, 'It broke.'), 'It broke.');
  assert.match(await said(502), /status 502/);
});
