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

test('reconnecting says what to do, unless it knows why it lasts', () => {
  const away = {
    ...INITIAL,
    phase: 'reconnecting',
    remedy: 'Run it again.'
  } as const;
  assert.equal(words(away).detail, 'Run it again.');
  assert.match(words({ ...away, cause: 'network' }).detail, /network is away/);
});

test('a page whose server is gone says what to do, and may try again', () => {
  const said = words({
    ...INITIAL,
    phase: 'failed',
    end: 'ended',
    reason: 'Run it again.'
  });
  assert.equal(said.headline, 'This page has ended.');
  assert.equal(said.detail, 'Run it again.');
  assert.equal(said.button, 'Try again');
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
