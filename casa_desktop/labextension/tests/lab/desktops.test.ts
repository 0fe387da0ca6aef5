// @vitest-environment happy-dom
import assert from 'node:assert/strict';
import { test, vi } from 'vitest';
import { Api, type IDesktop } from '../../src/server/api.js';
import { Desktops } from '../../src/lab/desktops.js';

const BASE = 'http://127.0.0.1:8888/';

function desktop(name: string, started: string): IDesktop {
  const websocket = `/casa-desktop/api/desktops/${name}/rfb`;
  return { name, started, display: ':1', websocket };
}

/** The model of a server that answers each question when it is told to. */
function model(): { desktops: Desktops; answer: (list: IDesktop[]) => void } {
  const waiting: ((response: Response) => void)[] = [];
  const request = (): Promise<Response> =>
    new Promise(resolve => waiting.push(resolve));
  const server = { baseUrl: BASE, wsUrl: BASE, token: '', request };
  return {
    desktops: new Desktops(new Api(server)),
    answer: list =>
      waiting.shift()?.(new Response(JSON.stringify({ desktops: list })))
  };
}

test('the desktops are told by name, and news when there is some', async () => {
  const { desktops, answer } = model();
  const news: string[] = [];
  desktops.changed.connect(() => {
    news.push(desktops.all.map(({ name }) => name).join());
  });
  const lists = [
    [desktop('main', '1'), desktop('m31', '1')],
    [desktop('m31', '1'), desktop('main', '1')],
    [desktop('main', '1')]
  ];
  for (const list of lists) {
    const asked = desktops.refresh();
    answer(list);
    await asked;
  }
  assert.deepEqual(news, ['m31,main', 'main']);
  assert.equal(desktops.isRunning('m31'), false);
});

test('a desktop that was restarted is a new one', async () => {
  const { desktops, answer } = model();
  const started: string[] = [];
  desktops.started.connect((_, name) => {
    started.push(name);
  });
  for (const moment of ['1', '1', '2']) {
    const asked = desktops.refresh();
    answer([desktop('main', moment), desktop('m31', '1')]);
    await asked;
  }
  assert.deepEqual(started, ['m31', 'main', 'main']);
});

test('an answer that was overtaken by a newer question does not count', async () => {
  const { desktops, answer } = model();
  const first = desktops.refresh();
  const second = desktops.refresh();
  answer([desktop('old', '1')]);
  await first;
  assert.equal(desktops.isRunning('old'), false);
  answer([desktop('new', '1')]);
  await second;
  assert.equal(desktops.isRunning('new'), true);
});

test('many hints at a change are one question, a moment later', () => {
  vi.useFakeTimers();
  let asked = 0;
  const request = (): Promise<Response> => {
    asked += 1;
    return Promise.resolve(new Response('{"desktops": []}'));
  };
  const server = { baseUrl: BASE, wsUrl: BASE, token: '', request };
  const desktops = new Desktops(new Api(server));
  desktops.refreshSoon();
  desktops.refreshSoon();
  assert.equal(asked, 0);
  vi.runOnlyPendingTimers();
  assert.equal(asked, 1);
  desktops.refreshSoon();
  vi.runOnlyPendingTimers();
  assert.equal(asked, 2);
  vi.useRealTimers();
});
