// @vitest-environment happy-dom
import assert from 'node:assert/strict';
import { beforeEach, test } from 'vitest';
import { Api } from '../../src/server/api.js';
import { LocalPreferences } from '../../src/view/localpreferences.js';
import { Panels } from '../../src/view/panelset.js';
import { Toasts } from '../../src/view/toasts.js';

const clipboard = {
  text: 'copied before',
  lacks: () => false,
  send: () => undefined,
  take: () => Promise.resolve(true),
  allow: () => Promise.resolve(true)
};
let panels: Panels;

beforeEach(() => {
  panels = new Panels({
    api: {} as Api,
    name: 'main',
    host: {
      preferences: new LocalPreferences(localStorage),
      actions: [],
      folder: () => ''
    },
    toasts: new Toasts(),
    clipboard,
    key: () => undefined,
    copy: () => Promise.resolve(true),
    snapshot: () => Promise.resolve(new Blob()),
    open: () => undefined,
    closePanel: () => undefined
  });
});

test('a panel is made when it is first asked for, and stays the same', () => {
  assert.equal(panels.opened('keys'), undefined);
  const keys = panels.get('keys');
  assert.equal(panels.opened('keys'), keys);
  assert.equal(panels.get('keys'), keys);
  assert.equal(panels.opened('clipboard'), undefined);
});

test('a panel that is opened late has all that happened before', () => {
  const panel = panels.get('clipboard');
  panel.refresh();
  assert.equal(panel.first.value, 'copied before');
});
