import assert from 'node:assert/strict';
import { test } from 'vitest';
import type { IJob } from '../../src/server/jobs.js';
import { changed, details, ending, progress } from '../../src/lab/jobtext.js';

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
  outputPath: 'reduce.out.ipynb'
};

test.each<[Partial<IJob>, string]>([
  [{}, 'cell 7 of 23'],
  [{ cell: 0, cells: 0 }, 'starting'],
  [{ phase: 'QUEUED' }, 'queued'],
  [{ phase: 'COMPLETED' }, 'done'],
  [{ phase: 'ERROR' }, 'failed in cell 7 of 23'],
  [{ phase: 'ERROR', cell: 0, cells: 0 }, 'failed'],
  [{ phase: 'ABORTED' }, 'stopped in cell 7 of 23']
])('a job with %j is said to be %j', (some, words) => {
  assert.equal(progress({ ...JOB, ...some }), words);
});

test('the details tell what the cell does while it does it', () => {
  assert.match(details(JOB), /tclean\(vis='my.ms'\)\nNotebook: \/data/);
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

test('only what was changed is given, an emptied text too', () => {
  const offered = [
    { name: 'vis', default: 'a.ms' },
    { name: 'spw', default: '0' },
    { name: 'robust', default: '0.5' }
  ];
  const typed = { vis: 'my.ms', spw: '', robust: '0.5' };
  assert.deepEqual(changed(offered, typed), { vis: 'my.ms', spw: '' });
});
