import type { IJob, IOffer, IStarted } from '../server/jobs.js';

/** How far a job is, in a few words. */
export function progress({ phase, cell, cells }: IJob): string {
  // Before the first cell the kernel starts.
  const place = cell ? `cell ${cell} of ${cells}` : '';
  switch (phase) {
    case 'EXECUTING':
      return place || 'starting';
    case 'ERROR':
      return place ? `failed in ${place}` : 'failed';
    case 'COMPLETED':
      return 'done';
    case 'ABORTED':
      return place ? `stopped in ${place}` : 'stopped';
    default:
      return phase.toLowerCase();
  }
}

/** Whether a job has begun, so that it has a notebook to show. */
export function hasBegun({ phase }: IJob): boolean {
  return !['PENDING', 'QUEUED', 'HELD'].includes(phase);
}

/** All that is known of a job, a line for each. */
export function details(job: IJob): string {
  const { id, phase, since, sentence, doing, ended, notebook, output } = job;
  const given = Object.entries(job.parameters);
  const lines = [
    `${id}: ${phase} since ${new Date(since).toLocaleString()}`,
    progress(job),
    ended ? '' : doing,
    sentence,
    ...given.map(([name, value]) => `${name} = ${value}`),
    notebook && `Notebook: ${notebook}`,
    output && `Output: ${output}`
  ];
  return lines.filter(Boolean).join('\n');
}

/** How a job has ended, in a sentence. */
export function ending(job: IJob): string {
  const why = job.sentence ? ` ${job.sentence}` : '';
  switch (job.phase) {
    case 'COMPLETED':
      return `The job ${job.id} is done.${why}`;
    case 'ABORTED':
      return `The job ${job.id} was stopped.${why}`;
    default:
      return `The job ${job.id} has failed.${why}`;
  }
}

/** What has begun, in a sentence. */
export function beginning({ id, jobs }: IStarted): string {
  return jobs.length === 1 && jobs[0].id === id
    ? `The job ${id} has begun.`
    : `${id} has begun: ${counted(jobs.length)}, one for each value.`;
}

/** How jobs that were started together have ended, in a sentence. */
export function endings({ id, jobs }: IStarted): string {
  const failed = jobs.filter(job => job.phase !== 'COMPLETED');
  if (jobs.length === 1 && jobs[0].id === id) {
    return ending(jobs[0]);
  }
  if (!failed.length) {
    return `${id} is done: ${counted(jobs.length)}.`;
  }
  const [first] = failed;
  return `${id} has ended: ${counted(failed.length)} of ${jobs.length} not done. ${ending(first)}`;
}

function counted(number: number): string {
  return number === 1 ? '1 job' : `${number} jobs`;
}

/** Whether a parameter's text names a list, which makes a job for each line. */
export function isList(text: string): boolean {
  return text.startsWith('@');
}

/** The parameters whose texts were changed; the notebook sets the others. */
export function changed(
  offered: IOffer['parameters'],
  typed: Readonly<Record<string, string>>
): Record<string, string> {
  const given = offered.filter(
    each => (typed[each.name] ?? each.default) !== each.default
  );
  return Object.fromEntries(given.map(({ name }) => [name, typed[name]]));
}
