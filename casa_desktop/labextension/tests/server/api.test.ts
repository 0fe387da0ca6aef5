import assert from 'node:assert/strict';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { AddressInfo } from 'node:net';
import { test } from 'vitest';
import {
  Api,
  LoggedOut,
  Lost,
  Missing,
  Refused,
  Unreachable,
  Withdrawn
} from '../../src/server/api.js';

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

test('a desktop that nobody meant to end is missing, and lost', async () => {
  const body = { error: 'DesktopLost', message: 'It was killed.' };
  await serving(answering(404, body), async api => {
    await assert.rejects(api.look('main'), Lost);
    // Who stops it has what he wants.
    await api.stop('main');
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

test('a link that shows nothing any more is no desktop that has stopped', async () => {
  const body = { error: 'NoSuchShare', message: 'It has expired.' };
  await serving(answering(404, body), async api => {
    await assert.rejects(api.shared('token'), error => {
      assert.ok(error instanceof Withdrawn);
      assert.equal(error.message, 'It has expired.');
      return true;
    });
  });
});

test('stopping a desktop that has ended is no error', async () => {
  const body = { error: 'NotRunning', message: 'It is not running.' };
  await serving(answering(404, body), api => api.stop('main'));
});

test('links are made, listed and withdrawn below their desktop', async () => {
  const seen: string[] = [];
  const share = { id: 'a1', label: 'Ada', expires: '2030-01-01T00:00:00Z' };
  const answer: Answer = (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (request.method === 'DELETE') {
      response.writeHead(204);
      response.end();
    } else {
      const body = request.method === 'GET' ? { shares: [share] } : share;
      answering(200, body)(request, response);
    }
  };
  await serving(answer, async api => {
    assert.deepEqual(await api.share('main', 60, 'Ada'), share);
    assert.deepEqual(await api.shares('main'), [share]);
    await api.withdraw('main', 'a1');
  });
  const path = '/hub/casa-desktop/api/desktops/main/shares';
  assert.deepEqual(seen, [`POST ${path}`, `GET ${path}`, `DELETE ${path}/a1`]);
});

test('the page of something in between is not taken for a list', async () => {
  await serving(answering(200, { login: 'here' }), async api => {
    await assert.rejects(api.list(), Unreachable);
  });
});

test('what is switched off is refused in the words of the server', async () => {
  const message = 'Downloads of files are switched off on this server.';
  const body = { error: 'SwitchedOff', message };
  await serving(answering(403, body), async api => {
    const asks = [() => api.screenshot('main'), () => api.share('main', 5, '')];
    for (const ask of asks) {
      await assert.rejects(ask, error => {
        assert.ok(error instanceof Refused && !(error instanceof LoggedOut));
        assert.equal(error.message, message);
        return true;
      });
    }
  });
});
