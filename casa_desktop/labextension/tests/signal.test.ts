import assert from 'node:assert/strict';
import { test } from 'vitest';
import { Signal } from '../src/signal.js';

test('listeners are called in their order, until they end that', () => {
  const signal = new Signal<string>();
  const heard: string[] = [];
  const end = signal.connect(text => heard.push(`first ${text}`));
  signal.connect(text => heard.push(`second ${text}`));
  signal.emit('a');
  end();
  signal.emit('b');
  assert.deepEqual(heard, ['first a', 'second a', 'second b']);
});

test('a listener may end its listening while it is called', () => {
  const signal = new Signal();
  let first = 0;
  let second = 0;
  const end = signal.connect(() => {
    first += 1;
    end();
  });
  signal.connect(() => (second += 1));
  signal.emit();
  signal.emit();
  assert.deepEqual([first, second], [1, 2]);
});
