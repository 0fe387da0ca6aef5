import assert from 'node:assert/strict';
import { test } from 'vitest';
import type { IJob } from '../../src/server/jobs.js';
import {
  beginning,
  changed,
  details,
  ending,
  endings,
  hasBegun,
  progress
} from '../../src/lab/jobtext.js';

const JOB: IJob = {
  id: 'reduce-1',
  phase: 'EXECUTING',
  ended: false,
  since: '2026-11-28T12:00:00+00:00',
  sentence: '',
  cell: 7,
  cells: 23,
  doing: "tclean(vis='my.ms')",
  engine: 'here',
  notebook: '/data/reduce.ipynb',
  output: '/data/reduce.out.ipynb',
  outputPath: 'reduce.out.ipynb',
  parameters: { vis: 'my.ms' }
};

test.each<[Partial<IJob>, string]>([
  [{}, 'cell 7 of 23'],
  [{ cell: 0, cells: 0 }, 'starting'],
  [{ cell: 0 }, 'starting'],
  [{ phase: 'ABORTED', cell: 0 }, 'stopped'],
  [{ phase: 'QUEUED' }, 'queued'],
  [{ phase: 'COMPLETED' }, 'done'],
  [{ phase: 'ERROR' }, 'failed in cell 7 of 23'],
  [{ phase: 'ERROR', cell: 0, cells: 0 }, 'failed'],
  [{ phase: 'ABORTED' }, 'stopped in cell 7 of 23']
])('a job with %j is said to be %j', (some, words) => {
  assert.equal(progress({ ...JOB, ...some }), words);
});

test('the details tell what the cell does while it does it', () => {
  assert.match(
    details(JOB),
    /tclean\(vis='my.ms'\)\nvis = my\.ms\nNotebook: \/data/
  );
  const failed = { ...JOB, phase: 'ERROR', ended: true, sentence: 'No room.' };
  assert.doesNotMatch(details(failed), /tclean/);
  assert.match(details(failed), /failed in cell 7 of 23\nNo room\.\n/);
});

test.each([
  ['COMPLETED', '', 'The job reduce-1 is done.'],
  ['ERROR', 'No room.', 'The job reduce-1 has failed. No room.'],
  ['ABORTED', '', 'The job reduce-1 was stopped.']
])('the end of a job in phase %s with %j is told', (phase, sentence, words) => {
  assert.equal(ending({ ...JOB, phase, sentence }), words);
});

test('what was started together is told together', () => {
  const one = { id: 'reduce-1', jobs: [{ ...JOB, phase: 'COMPLETED' }] };
  assert.equal(beginning(one), 'The job reduce-1 has begun.');
  assert.equal(endings(one), 'The job reduce-1 is done.');
  const jobs = ['COMPLETED', 'ERROR', 'ABORTED'].map((phase, index) => ({
    ...JOB,
    id: `reduce-2.${index + 1}`,
    phase,
    sentence: phase === 'ERROR' ? 'No room.' : ''
  }));
  const array = { id: 'reduce-2', jobs };
  assert.equal(
    beginning(array),
    'reduce-2 has begun: 3 jobs, one for each value.'
  );
  assert.equal(
    endings(array),
    'reduce-2 has ended: 2 jobs of 3 not done. The job reduce-2.2 has failed. No room.'
  );
  const done = { id: 'reduce-2', jobs: jobs.slice(0, 1) };
  assert.equal(endings(done), 'reduce-2 is done: 1 job.');
  assert.equal(
    beginning(done),
    'reduce-2 has begun: 1 job, one for each value.'
  );
});

test.each([
  ['QUEUED', false],
  ['HELD', false],
  ['EXECUTING', true],
  ['ERROR', true]
])('a job in phase %s has a notebook to show: %s', (phase, has) => {
  assert.equal(hasBegun({ ...JOB, phase }), has);
});

test('only what was changed is given, an emptied text too', () => {
  const offered = [
    { name: 'vis', default: 'a.ms' },
    { name: 'spw', default: '0' },
    { name: 'robust', default: '0.5' }
  ];
  const typed = { vis: 'my.ms', spw: '', robust: '0.5' };
  assert.deepEqual(changed(offered, typed), { vis: 'my.ms', spw: '' });
});
