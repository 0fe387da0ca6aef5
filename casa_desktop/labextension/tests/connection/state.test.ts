import assert from 'node:assert/strict';
import { test } from 'vitest';
import {
  Action,
  Cause,
  Happening,
  INITIAL,
  IOrigin,
  IStatus,
  step
} from '../../src/connection/state.js';

/** The status and the last action after a row of happenings. */
function after(...happenings: Happening[]): [IStatus, Action] {
  let last: [IStatus, Action] = [INITIAL, { type: 'rest' }];
  for (const happening of happenings) {
    last = step(last[0], happening, () => 1);
  }
  return last;
}

function running(origin: Partial<IOrigin>): Happening {
  const found = { server: 'a', started: 'today', ...origin };
  return { type: 'running', origin: found };
}

function closed(cause: Cause, code = 1006, reason = ''): Happening {
  return { type: 'closed', code, reason, cause };
}

const OPEN: Happening = { type: 'open' };
const RUNNING: Happening = running({});
const CONNECTED: Happening = { type: 'connected' };
const CLOSED = closed('unknown');
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
  assert.equal(status.end, 'stopped');
  assert.equal(status.reason, 'It ended.');
  assert.deepEqual(action, { type: 'rest' });
});

/** A look that found the desktop lost, at a time in ms. */
function lost(now: number, seen = true): Happening {
  return { type: 'lost', reason: 'Its supervisor was killed.', seen, now };
}

test('a desktop that nobody meant to end is started again at once', () => {
  const row = [OPEN, RUNNING, CONNECTED, CLOSED, lost(0)];
  const [status, action] = after(...row);
  assert.equal(status.phase, 'reconnecting');
  assert.equal(status.reason, 'the desktop ended unexpectedly');
  assert.deepEqual(action, { type: 'start' });
  const again = after(...row, running({ started: 'now' }), CONNECTED)[0];
  assert.equal(again.cause, 'desktop');
});

test('nobody starts a lost desktop whom nobody sees, until he is seen', () => {
  const row = [OPEN, RUNNING, CONNECTED, CLOSED, lost(0, false)];
  const [status, action] = after(...row);
  assert.equal(status.end, 'lost');
  assert.equal(status.reason, 'Its supervisor was killed.');
  assert.deepEqual(action, { type: 'rest' });
  assert.deepEqual(after(...row, lost(9))[1], { type: 'start' });
  assert.equal(after(...row, lost(9))[0].end, null);
});

test('a desktop that is lost again and again is started ever more slowly', () => {
  const row: Happening[] = [OPEN, RUNNING, CONNECTED, CLOSED, lost(0)];
  const again = [RUNNING, CONNECTED, CLOSED];
  let now = 0;
  for (const pause of [500, 1000, 2000]) {
    row.push(...again, lost(now + 10));
    assert.deepEqual(after(...row)[1], { type: 'wait', delay: pause - 10 });
    now += pause;
    // It may have been stopped meanwhile.
    row.push(DUE);
    assert.deepEqual(after(...row)[1], { type: 'look' });
    row.push(lost(now));
    assert.deepEqual(after(...row)[1], { type: 'start' });
  }
  row.push(...again, lost(now + 60_000));
  assert.deepEqual(after(...row)[1], { type: 'start' });
});

test('a desktop that was started again from elsewhere is shown', () => {
  const gone: Happening = { type: 'missing', reason: 'It ended.' };
  const row = [OPEN, RUNNING, CONNECTED, CLOSED, gone, RUNNING];
  const [status, action] = after(...row);
  assert.equal(status.phase, 'connecting');
  assert.equal(status.end, null);
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
  const no: Happening = {
    type: 'refused',
    reason: 'No Xvnc on PATH.',
    end: 'refused'
  };
  const [status, action] = after(OPEN, no);
  assert.equal(status.phase, 'failed');
  assert.equal(status.reason, 'No Xvnc on PATH.');
  assert.deepEqual(action, { type: 'rest' });
  assert.deepEqual(after(OPEN, no, OPEN), [INITIAL, { type: 'start' }]);
});

/** What a desktop came back from that was lost and is there again. */
function comesBack(lost: Happening, again: Happening): Cause | null {
  const row = [OPEN, RUNNING, CONNECTED, lost, again, CONNECTED];
  return after(...row)[0].cause;
}

test('the first connection came back from nothing', () => {
  assert.equal(after(OPEN, RUNNING, CONNECTED)[0].cause, null);
});

test('a desktop that comes back says what it was lost to', () => {
  assert.equal(comesBack(closed('network'), RUNNING), 'network');
  assert.equal(comesBack(closed('sleep'), RUNNING), 'sleep');
  assert.equal(comesBack(CLOSED, RUNNING), 'unknown');
});

test('what the server says of itself is surer than a guess', () => {
  const sleep = closed('sleep');
  assert.equal(comesBack(sleep, running({ server: 'b' })), 'server');
  assert.equal(comesBack(sleep, running({ started: 'now' })), 'desktop');
});

test('a restart of both counts as one of the desktop', () => {
  const both = running({ server: 'b', started: 'now' });
  assert.equal(comesBack(CLOSED, both), 'desktop');
});

test('the cause is told once, and not after the next loss', () => {
  const first = [OPEN, RUNNING, CONNECTED, closed('sleep'), RUNNING, CONNECTED];
  const [status] = after(...first, closed('network'), RUNNING, CONNECTED);
  assert.equal(status.cause, 'network');
});

test('a link that was withdrawn ends the view for good', () => {
  const withdrawn = closed('unknown', 4403, 'It was withdrawn.');
  const [status, action] = after(OPEN, RUNNING, CONNECTED, withdrawn);
  assert.equal(status.phase, 'failed');
  assert.equal(status.end, 'withdrawn');
  assert.equal(status.reason, 'It was withdrawn.');
  assert.deepEqual(action, { type: 'rest' });
});

test('a desktop that is still starting is dialled again', () => {
  const starting = closed('unknown', 1013, 'The desktop is not running.');
  const [status, action] = after(OPEN, RUNNING, starting);
  assert.equal(status.phase, 'reconnecting');
  assert.equal(action.type, 'wait');
  assert.equal(after(OPEN, RUNNING, starting, DUE)[1].type, 'look');
});
