import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INITIAL } from '../src/machine.js';
import { words } from '../src/words.js';

test('a desktop that has stopped is offered to be started again', () => {
  const said = words({
    ...INITIAL,
    phase: 'failed',
    stopped: true,
    reason: 'It ended.'
  });
  assert.equal(said.headline, 'The desktop has stopped.');
  assert.equal(said.detail, 'It ended.');
  assert.equal(said.button, 'Start it again');
});

test('a failure says why and can be tried again', () => {
  const said = words({ ...INITIAL, phase: 'failed', reason: 'No Xvnc.' });
  assert.equal(said.detail, 'No Xvnc.');
  assert.equal(said.button, 'Try again');
});

test('reconnecting says why, and has no button', () => {
  const said = words({ ...INITIAL, phase: 'reconnecting', reason: 'no net' });
  assert.equal(said.headline, 'Reconnecting… (no net)');
  assert.equal(said.button, '');
});
