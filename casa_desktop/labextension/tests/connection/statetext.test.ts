import assert from 'node:assert/strict';
import { test } from 'vitest';
import { INITIAL } from '../../src/connection/state.js';
import { comeback, words } from '../../src/connection/statetext.js';

test('a desktop that has stopped is offered to be started again', () => {
  const said = words({
    ...INITIAL,
    phase: 'failed',
    end: 'stopped',
    reason: 'It ended.'
  });
  assert.equal(said.headline, 'The desktop has stopped.');
  assert.equal(said.detail, 'It ended.');
  assert.equal(said.button, 'Start it again');
});

test('so is one that ended unexpectedly while nobody looked', () => {
  const said = words({ ...INITIAL, phase: 'failed', end: 'lost' });
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

test('a link that was withdrawn offers nothing to press', () => {
  const said = words({ ...INITIAL, phase: 'failed', end: 'withdrawn' });
  assert.equal(said.detail, 'It was withdrawn, or has expired.');
  assert.equal(said.button, '');
});

test('who is logged out is told so', () => {
  const said = words({ ...INITIAL, phase: 'failed', end: 'login' });
  assert.equal(said.headline, 'You are logged out.');
});

test('a desktop that is back says why it was away', () => {
  const back = { ...INITIAL, phase: 'connected' } as const;
  assert.match(comeback({ ...back, cause: 'network' }), /network was away/);
  assert.match(comeback({ ...back, cause: 'sleep' }), /computer slept/);
  assert.match(comeback({ ...back, cause: 'server' }), /server was restarted/);
  assert.match(
    comeback({ ...back, cause: 'desktop' }),
    /desktop was restarted/
  );
  assert.equal(comeback(back), '');
});

test('nothing is said to be back while it is away', () => {
  const away = { ...INITIAL, phase: 'reconnecting', cause: 'sleep' } as const;
  assert.equal(comeback(away), '');
});
