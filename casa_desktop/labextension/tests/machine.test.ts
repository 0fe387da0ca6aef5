import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Action, Happening, INITIAL, IStatus, step } from '../src/machine.js';

/** The status and the last action after a row of happenings. */
function after(...happenings: Happening[]): [IStatus, Action] {
  let last: [IStatus, Action] = [INITIAL, { type: 'rest' }];
  for (const happening of happenings) {
    last = step(last[0], happening, () => 1);
  }
  return last;
}

const OPEN: Happening = { type: 'open' };
const RUNNING: Happening = { type: 'running' };
const CONNECTED: Happening = { type: 'connected' };
const CLOSED: Happening = { type: 'closed' };
const DUE: Happening = { type: 'due' };
const AWAY: Happening = { type: 'unreachable', reason: 'no answer' };

test('a page that opens starts the desktop, dials, and is connected', () => {
  assert.deepEqual(after(OPEN)[1], { type: 'start' });
  assert.deepEqual(after(OPEN, RUNNING)[1], { type: 'dial' });
  assert.equal(after(OPEN, RUNNING)[0].phase, 'connecting');
  assert.equal(after(OPEN, RUNNING, CONNECTED)[0].phase, 'connected');
});

test('a lost connection is looked into at once, and starts nothing', () => {
  const [status, action] = after(OPEN, RUNNING, CONNECTED, CLOSED);
  assert.equal(status.phase, 'reconnecting');
  assert.deepEqual(action, { type: 'look' });
});

test('a desktop that was stopped stays stopped until the user says so', () => {
  const gone: Happening = { type: 'missing', reason: 'It ended.' };
  const [status, action] = after(OPEN, RUNNING, CONNECTED, CLOSED, gone);
  assert.equal(status.phase, 'failed');
  assert.equal(status.stopped, true);
  assert.equal(status.reason, 'It ended.');
  assert.deepEqual(action, { type: 'rest' });
});

test('a desktop that was started again from elsewhere is shown', () => {
  const gone: Happening = { type: 'missing', reason: 'It ended.' };
  const row = [OPEN, RUNNING, CONNECTED, CLOSED, gone, RUNNING];
  const [status, action] = after(...row);
  assert.equal(status.phase, 'connecting');
  assert.equal(status.stopped, false);
  assert.deepEqual(action, { type: 'dial' });
});

test('a server that is away is asked again for ever, ever more slowly', () => {
  const row: Happening[] = [OPEN, RUNNING, CONNECTED, CLOSED];
  const waits = [500, 1000, 2000, 4000, 8000, 15000, 15000];
  for (const delay of waits) {
    row.push(AWAY);
    assert.deepEqual(after(...row)[1], { type: 'wait', delay });
    row.push(DUE);
    assert.deepEqual(after(...row)[1], { type: 'look' });
  }
  assert.equal(after(...row)[0].phase, 'reconnecting');
  assert.deepEqual(after(...row, RUNNING)[1], { type: 'dial' });
});

test('a server that was never there is asked to start the desktop later', () => {
  const [status, action] = after(OPEN, AWAY, DUE);
  assert.equal(status.phase, 'reconnecting');
  assert.deepEqual(action, { type: 'start' });
});

test('a socket that closes before it is connected is not dialled in a storm', () => {
  const [, action] = after(OPEN, RUNNING, CLOSED);
  assert.deepEqual(action, { type: 'wait', delay: 500 });
});

test('attempts are counted anew after each success', () => {
  const row = [OPEN, RUNNING, CONNECTED, CLOSED, AWAY, DUE, RUNNING, CONNECTED];
  assert.equal(after(...row)[0].attempt, 0);
  assert.deepEqual(after(...row, CLOSED, AWAY)[1], {
    type: 'wait',
    delay: 500
  });
});

test('a refusal gives its reason and rests until the user tries again', () => {
  const no: Happening = { type: 'refused', reason: 'No Xvnc on PATH.' };
  const [status, action] = after(OPEN, no);
  assert.equal(status.phase, 'failed');
  assert.equal(status.reason, 'No Xvnc on PATH.');
  assert.deepEqual(action, { type: 'rest' });
  assert.deepEqual(after(OPEN, no, OPEN), [INITIAL, { type: 'start' }]);
});
