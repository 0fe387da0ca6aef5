import assert from 'node:assert/strict';
import { test } from 'vitest';
import {
  keptModes,
  modeDetails,
  modeLabel,
  stateIn
} from '../../src/lab/modes.js';

test('the label counts the tasks that differ', () => {
  assert.equal(modeLabel({ mode: 'headless', tasks: {} }), 'headless');
  assert.equal(
    modeLabel({
      mode: 'headless',
      tasks: { plotms: 'live', imview: 'auto', msview: 'headless' }
    }),
    'headless +2'
  );
});

test('the details name the tasks that differ alone', () => {
  const details = modeDetails({
    mode: 'auto',
    tasks: { plotms: 'live', imview: 'auto' }
  });
  assert.match(details, /^auto: .*\nplotms: live$/);
});

test("a kernel's state is read, and what is none is not", () => {
  const tasks = { plotms: 'live', odd: 'sideways' };
  assert.deepEqual(
    stateIn({ action: 'state', mode: 'auto', tasks, desktop: 'm31' }),
    { mode: 'auto', tasks: { plotms: 'live' }, desktop: 'm31', reuse: false }
  );
  assert.equal(stateIn({ action: 'state', mode: 'sideways' }), null);
  assert.equal(stateIn({ action: 'open', mode: 'auto' }), null);
  assert.equal(stateIn(null), null);
});

test('what a notebook keeps is read, whoever wrote it', () => {
  assert.deepEqual(keptModes({ default: 'live', tasks: { plotms: 'auto' } }), {
    mode: 'live',
    tasks: { plotms: 'auto' }
  });
  for (const odd of [null, 7, 'live', [], { default: 7, tasks: 'all' }]) {
    assert.deepEqual(keptModes(odd), { mode: 'headless', tasks: {} });
  }
});
