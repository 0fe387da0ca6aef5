import assert from 'node:assert/strict';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { AddressInfo } from 'node:net';
import { test } from 'vitest';
import { Api, Missing, Refused, Unreachable } from '../src/api.js';

const DESKTOP = {
  name: 'main',
  websocket: '/hub/casa-desktop/api/desktops/main/rfb'
};

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Serve `answer` on a free port of this machine while `use` runs. */
async function serving(
  answer: Answer,
  use: (api: Api) => Promise<void>
): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>(listening =>
    server.listen(0, '127.0.0.1', () => listening())
  );
  const { port } = server.address() as AddressInfo;
  try {
    await use(api(port));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function api(port: number, token = ''): Api {
  return new Api({
    baseUrl: `http://127.0.0.1:${port}/hub/`,
    wsUrl: `ws://127.0.0.1:${port}/hub/`,
    token,
    request: (url, init) => fetch(url, init)
  });
}

function answering(status: number, body: unknown): Answer {
  return (_, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body));
  };
}

test('starting posts the name below the base URL', async () => {
  const seen: string[] = [];
  const answer: Answer = (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    request.on('data', chunk => seen.push(String(chunk)));
    request.on('end', () => answering(201, DESKTOP)(request, response));
  };
  await serving(answer, async api => {
    assert.deepEqual(await api.start('main'), DESKTOP);
  });
  assert.deepEqual(seen, [
    'POST /hub/casa-desktop/api/desktops',
    '{"name":"main"}'
  ]);
});

test('our own 404 means that the desktop is missing', async () => {
  const body = { error: 'NotRunning', message: 'It is not running.' };
  await serving(answering(404, body), async api => {
    await assert.rejects(api.look('main'), error => {
      assert.ok(error instanceof Missing);
      assert.equal(error.message, 'It is not running.');
      return true;
    });
  });
});

test("somebody else's 404 means that our server is away", async () => {
  await serving(answering(404, { message: 'Not Found' }), async api => {
    await assert.rejects(api.look('main'), Unreachable);
  });
});

test('an error of the server is passed on in its own words', async () => {
  const body = { error: 'XServerMissing', message: 'No Xvnc on PATH.' };
  await serving(answering(500, body), async api => {
    await assert.rejects(api.start('main'), error => {
      assert.ok(error instanceof Refused);
      assert.equal(error.message, 'No Xvnc on PATH.');
      return true;
    });
  });
});

test('a login that has run out asks for a new one', async () => {
  await serving(answering(403, {}), async api => {
    await assert.rejects(api.look('main'), /log in again/);
  });
});

test('a port where nobody listens is unreachable', async () => {
  let gone = api(1);
  await serving(answering(200, DESKTOP), async api => {
    gone = api;
  });
  await assert.rejects(gone.look('main'), Unreachable);
});

test('the websocket has the origin of the server and the token', () => {
  const url = api(8888, 'a b').websocket(DESKTOP as never);
  assert.equal(
    url,
    'ws://127.0.0.1:8888/hub/casa-desktop/api/desktops/main/rfb?token=a+b'
  );
});
