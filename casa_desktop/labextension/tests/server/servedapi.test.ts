import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { AddressInfo } from 'node:net';
import { test } from 'vitest';
import {
  Ended,
  LoggedOut,
  Missing,
  Unreachable
} from '../../src/server/api.js';
import { ServedApi } from '../../src/server/servedapi.js';

const REMEDY = 'Run it again.';

/** What `look` and `start` throw when a server answers so. */
async function thrown(status: number, body: string): Promise<Error[]> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(body);
  });
  await new Promise<void>(listening =>
    server.listen(0, '127.0.0.1', () => listening())
  );
  const { port } = server.address() as AddressInfo;
  try {
    return await errors(port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function errors(port: number): Promise<Error[]> {
  const api = new ServedApi(
    {
      baseUrl: `http://127.0.0.1:${port}/`,
      wsUrl: `ws://127.0.0.1:${port}/`,
      token: '',
      request: (url, init) => fetch(url, init)
    },
    REMEDY
  );
  const asked = [api.look('main'), api.start('main')];
  return Promise.all(
    asked.map(each =>
      each.then(
        () => assert.fail('it answered'),
        (error: Error) => error
      )
    )
  );
}

test('a proxy that finds nothing on the port has a page that ended', async () => {
  for (const error of await thrown(500, '<h1>500</h1>')) {
    assert.ok(error instanceof Ended);
    assert.equal(error.message, REMEDY);
  }
});

test('so has a server on the same port that does not know the browser', async () => {
  const body = JSON.stringify({ error: 'Forbidden', message: 'No session.' });
  for (const error of await thrown(403, body)) {
    assert.ok(error instanceof Ended);
  }
});

test("Jupyter's own refusal is about the login", async () => {
  for (const error of await thrown(403, '{"message": "Forbidden"}')) {
    assert.ok(error instanceof LoggedOut);
    assert.match(error.message, /log in again/);
  }
});

test('where nothing answers, it is tried again, and says what to do', async () => {
  for (const error of [...(await errors(1)), ...(await thrown(502, ''))]) {
    assert.ok(error instanceof Unreachable);
    assert.equal(error.remedy, REMEDY);
  }
});

test('what the server itself says is left as it is', async () => {
  const body = JSON.stringify({ error: 'NotRunning', message: 'It is not.' });
  for (const error of await thrown(404, body)) {
    assert.ok(error instanceof Missing);
    assert.equal(error.message, 'It is not.');
  }
});
