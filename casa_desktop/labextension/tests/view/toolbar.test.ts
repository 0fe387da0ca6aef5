// @vitest-environment happy-dom
import assert from 'node:assert/strict';
import { beforeEach, test } from 'vitest';
import type { Lack } from '../../src/view/host.js';
import { ClipboardPanel } from '../../src/view/panels/clipboard.js';
import { ChoicePanel } from '../../src/view/panels/choice.js';
import { KeysPanel } from '../../src/view/panels/keys.js';
import { IContent, Panel } from '../../src/view/panel.js';
import { PicturePanel } from '../../src/view/panels/picture.js';
import { DEFAULT_PREFERENCES } from '../../src/connection/preferences.js';
import { NO_STATS } from '../../src/connection/stats.js';
import { LocalPreferences } from '../../src/view/localpreferences.js';
import { Toasts } from '../../src/view/toasts.js';
import { IToolbarState, Toolbar } from '../../src/view/toolbar.js';

const CONNECTED: IToolbarState = {
  connected: true,
  viewOnly: false,
  captures: true,
  touch: true,
  stats: { ...NO_STATS, views: 1, controls: true },
  left: '',
  lacks: () => false
};

const pressed: string[] = [];
let panel: Panel;
let toolbar: Toolbar;

function content(title: string): IContent {
  const choices = [{ label: `In ${title}`, run: () => undefined }];
  return new ChoicePanel(title, '', choices);
}

function names(): string[] {
  return shown().map(button => button.getAttribute('aria-label')!);
}

function shown(): HTMLButtonElement[] {
  const all = toolbar.node.querySelectorAll('button');
  return [...all].filter(button => !button.hidden);
}

function named(name: string): HTMLButtonElement {
  return shown().find(each => each.getAttribute('aria-label') === name)!;
}

function key(target: Element, name: string): void {
  const options = { key: name, bubbles: true, cancelable: true };
  target.dispatchEvent(new KeyboardEvent('keydown', options));
}

beforeEach(() => {
  pressed.length = 0;
  panel = new Panel();
  const all = ['keys', 'clipboard', 'picture', 'share', 'power'] as const;
  const panels = Object.fromEntries(all.map(name => [name, content(name)]));
  toolbar = new Toolbar({
    panel: name => panels[name],
    actions: [
      { label: 'Elsewhere', icon: '<svg/>', run: () => void pressed.push('go') }
    ],
    show: (opener, shows) => panel.toggle(opener, shows),
    type: () => pressed.push('type'),
    capture: () => pressed.push('capture'),
    fullScreen: () => pressed.push('full screen'),
    snapshot: () => pressed.push('snapshot'),
    control: () => pressed.push('control')
  });
  document.body.replaceChildren(toolbar.node, panel.node);
  toolbar.update(CONNECTED);
});

test('it is a toolbar with a name, and each button has one and a hint', () => {
  assert.equal(toolbar.node.getAttribute('role'), 'toolbar');
  assert.ok(toolbar.node.getAttribute('aria-label'));
  for (const button of shown()) {
    assert.ok(button.getAttribute('aria-label'));
    assert.ok(button.title);
    assert.equal(button.type, 'button');
  }
  assert.equal(new Set(names()).size, names().length);
});

test('it is one stop of the Tab key, and the arrows move in it', () => {
  const stops = (): string[] =>
    shown()
      .filter(button => button.tabIndex === 0)
      .map(button => button.getAttribute('aria-label')!);
  assert.deepEqual(stops(), ['Special keys']);
  toolbar.focus();
  key(document.activeElement!, 'ArrowRight');
  assert.deepEqual(stops(), ['On-screen keyboard']);
  assert.equal(document.activeElement, named('On-screen keyboard'));
  key(document.activeElement!, 'End');
  key(document.activeElement!, 'ArrowRight');
  assert.deepEqual(stops(), ['Special keys']);
});

test('a panel takes the focus, and Escape gives it back to its button', () => {
  const opener = named('Clipboard');
  opener.click();
  assert.equal(opener.getAttribute('aria-expanded'), 'true');
  assert.equal(panel.node.getAttribute('role'), 'dialog');
  assert.equal(panel.node.getAttribute('aria-label'), 'clipboard');
  assert.ok(panel.node.contains(document.activeElement));
  key(document.activeElement!, 'Escape');
  assert.equal(panel.node.hidden, true);
  assert.equal(opener.getAttribute('aria-expanded'), 'false');
  assert.equal(document.activeElement, opener);
});

test('a button closes the panel that it opened, another one replaces it', () => {
  named('Clipboard').click();
  named('Share').click();
  assert.equal(panel.node.getAttribute('aria-label'), 'share');
  assert.equal(named('Clipboard').getAttribute('aria-expanded'), 'false');
  named('Share').click();
  assert.equal(panel.node.hidden, true);
});

test('who may only look has no button that touches the desktop', () => {
  toolbar.update({ ...CONNECTED, viewOnly: true });
  assert.deepEqual(names(), ['Picture', 'Full screen', 'Elsewhere']);
  assert.match(toolbar.node.textContent, /View only/);
});

test('control of the size is offered only where another view has it', () => {
  const has = (): boolean => names().includes('Take control of the size');
  assert.equal(has(), false);
  const stats = { ...NO_STATS, views: 2, controls: false };
  toolbar.update({ ...CONNECTED, stats });
  assert.equal(has(), true);
  named('Take control of the size').click();
  assert.deepEqual(pressed, ['control']);
  toolbar.update({ ...CONNECTED, stats: { ...stats, controls: true } });
  assert.equal(has(), false);
});

test('keyboard capture tells whether it is on', () => {
  const button = named('Keyboard capture');
  assert.equal(button.getAttribute('aria-pressed'), 'true');
  toolbar.update({ ...CONNECTED, captures: false });
  assert.equal(button.getAttribute('aria-pressed'), 'false');
});

test("the place's own buttons are there", () => {
  named('Elsewhere').click();
  assert.deepEqual(pressed, ['go']);
});

test('the round trip and the size are told while it is connected', () => {
  const stats = {
    ...CONNECTED.stats,
    roundTrip: 12.4,
    width: 800,
    height: 600
  };
  toolbar.update({ ...CONNECTED, stats });
  assert.match(toolbar.node.textContent, /800 × 600 · 12 ms/);
  toolbar.update({ ...CONNECTED, connected: false, stats });
  assert.doesNotMatch(toolbar.node.textContent, /ms/);
});

test('sticky keys go up after the next key, which is pressed within them', () => {
  const strokes: string[] = [];
  const keys = new KeysPanel((each, down) =>
    strokes.push(`${each.label} ${down ? 'down' : 'up'}`)
  );
  const click = (name: string): void =>
    [...keys.node.querySelectorAll('button')]
      .find(button => button.textContent === name)!
      .click();
  click('Ctrl');
  click('F4');
  assert.deepEqual(strokes, ['Ctrl down', 'F4 down', 'F4 up', 'Ctrl up']);
  strokes.length = 0;
  click('Ctrl+Alt+Del');
  assert.deepEqual(strokes, [
    ...['Ctrl down', 'Alt down', 'Del down'],
    ...['Del up', 'Alt up', 'Ctrl up']
  ]);
});

test('the quality that is chosen is kept, and is what the panel shows', () => {
  localStorage.clear();
  const store = new LocalPreferences(localStorage);
  const shows = new PicturePanel(store);
  document.body.append(shows.node);
  shows.refresh();
  const radio = (label: string): HTMLInputElement =>
    [...shows.node.querySelectorAll('label')]
      .find(each => each.textContent.startsWith(label))!
      .querySelector('input')!;
  assert.equal(radio('Adaptive').checked, true);
  radio('Low').click();
  assert.equal(store.current.quality, 'low');
  const again = new LocalPreferences(localStorage);
  assert.deepEqual(again.current, { ...DEFAULT_PREFERENCES, quality: 'low' });
  assert.equal(shows.first, radio('Low'));
});

test('preferences that are broken are those by default', () => {
  localStorage.setItem('casa-desktop:preferences', '{');
  const { current } = new LocalPreferences(localStorage);
  assert.deepEqual(current, DEFAULT_PREFERENCES);
});

test('messages are told politely, and can be closed by the keyboard', () => {
  const toasts = new Toasts();
  toasts.begin('The desktop was restarted.');
  assert.equal(toasts.node.getAttribute('aria-live'), 'polite');
  const close = toasts.node.querySelector('button')!;
  assert.equal(close.getAttribute('aria-label'), 'Close this message');
  close.click();
  assert.equal(toasts.node.textContent, '');
});

test('what the administrator has switched off has no button', () => {
  const without = (...off: Lack[]): string[] => {
    toolbar.update({ ...CONNECTED, lacks: what => off.includes(what) });
    const left = names();
    toolbar.update(CONNECTED);
    return names().filter(name => !left.includes(name));
  };
  assert.deepEqual(without('shares'), ['Share']);
  assert.deepEqual(without('downloads'), ['Snapshot']);
  assert.deepEqual(without('uploads'), []);
  assert.deepEqual(without('clipboard-in'), []);
  assert.deepEqual(without('clipboard-out'), []);
  assert.deepEqual(without('clipboard-in', 'clipboard-out'), ['Clipboard']);
});

test('the panel of the clipboard offers the ways that are open', () => {
  const offers = (...off: Lack[]): string[] => {
    const clipboard = {
      text: 'of the desktop',
      lacks: (way: Lack) => off.includes(way),
      send: () => undefined,
      take: () => Promise.resolve(true),
      allow: () => Promise.resolve(true)
    };
    const store = new LocalPreferences(localStorage);
    const made = new ClipboardPanel(clipboard, store);
    made.refresh();
    assert.equal(made.first.readOnly, off.includes('clipboard-in'));
    assert.equal(made.node.textContent.includes('switched off'), !!off.length);
    return [...made.node.querySelectorAll('button')]
      .filter(button => !button.hidden)
      .map(button => button.textContent);
  };
  const into = ['Send to desktop', 'Paste from browser'];
  assert.deepEqual(offers().sort(), [...into, 'Copy to browser'].sort());
  assert.deepEqual(offers('clipboard-in'), ['Copy to browser']);
  assert.deepEqual(offers('clipboard-out'), into);
});
