// @vitest-environment happy-dom
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { Api } from '../../src/server/api.js';
import { JobApi } from '../../src/server/jobs.js';
import { Jobs } from '../../src/lab/jobs.js';

const BASE = 'http://127.0.0.1:8888/';

/** A server whose jobs are those of `phases`, by their ids. */
function model(phases: Record<string, string>): Jobs {
  const job = ([id, phase]: [string, string]): { id: string } => ({
    id,
    ...{ phase, ended: phase !== 'EXECUTING' }
  });
  const isOfArray = ({ id }: { id: string }): boolean => id.includes('.');
  const request = async (_: string, init: RequestInit): Promise<Response> => {
    const jobs = Object.entries(phases).map(job);
    // Those of an array have a point in their ids.
    const array = { id: 'array', jobs: jobs.filter(isOfArray) };
    const made = array.jobs.length ? array : jobs.at(-1);
    const body = init.method === 'POST' ? made : { jobs };
    return new Response(JSON.stringify(body));
  };
  const server = { baseUrl: BASE, wsUrl: BASE, token: '', request };
  return new Jobs(new JobApi(new Api(server)));
}

test('the newest job is the first, and news is told when there is some', async () => {
  const phases: Record<string, string> = { a: 'COMPLETED', b: 'EXECUTING' };
  const jobs = model(phases);
  const news: string[] = [];
  jobs.changed.connect(() => {
    news.push(jobs.all.map(({ id, phase }) => `${id} ${phase}`).join());
  });
  await jobs.refresh();
  await jobs.refresh();
  phases.b = 'COMPLETED';
  await jobs.refresh();
  assert.deepEqual(news, [
    'b EXECUTING,a COMPLETED',
    'b COMPLETED,a COMPLETED'
  ]);
});

test('the end of a job that was started here is told once, of others not', async () => {
  const phases: Record<string, string> = { a: 'EXECUTING', b: 'EXECUTING' };
  const jobs = model(phases);
  const ended: string[] = [];
  jobs.ended.connect((_, { id }) => {
    ended.push(id);
  });
  const wish = { notebook: 'b.ipynb', parameters: {}, engine: 'here' };
  await jobs.start({ ...wish, options: '', output: '' });
  Object.assign(phases, { a: 'COMPLETED', b: 'COMPLETED' });
  await jobs.refresh();
  await jobs.refresh();
  assert.deepEqual(ended, ['b']);
});

test('the end of an array is told once, when its last job has ended', async () => {
  const phases: Record<string, string> = {
    'a.1': 'EXECUTING',
    'a.2': 'EXECUTING',
    'a.3': 'EXECUTING'
  };
  const jobs = model(phases);
  const ended: string[] = [];
  jobs.ended.connect((_, started) => {
    ended.push(`${started.id}: ${started.jobs.map(each => each.phase).join()}`);
  });
  const wish = { notebook: 'a.ipynb', parameters: {}, engine: 'here' };
  await jobs.start({ ...wish, options: '', output: '' });
  phases['a.2'] = 'ERROR';
  await jobs.refresh();
  // Removed by another page.
  delete phases['a.1'];
  await jobs.refresh();
  assert.deepEqual(ended, []);
  phases['a.3'] = 'COMPLETED';
  await jobs.refresh();
  await jobs.refresh();
  assert.deepEqual(ended, ['array: ERROR,COMPLETED']);
});

test('nothing is told of what was removed before it ended', async () => {
  const phases: Record<string, string> = { a: 'EXECUTING' };
  const jobs = model(phases);
  let ended = 0;
  jobs.ended.connect(() => {
    ended += 1;
  });
  const wish = { notebook: 'a.ipynb', parameters: {}, engine: 'here' };
  await jobs.start({ ...wish, options: '', output: '' });
  delete phases.a;
  await jobs.refresh();
  phases.a = 'COMPLETED';
  await jobs.refresh();
  assert.equal(ended, 0);
});
