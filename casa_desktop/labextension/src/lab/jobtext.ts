import type { IJob, IOffer } from '../server/jobs.js';

/** How far a job is, in a few words. */
export function progress({ phase, cell, cells }: IJob): string {
  const place = cells ? `cell ${cell} of ${cells}` : '';
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

/** All that is known of a job, a line for each. */
export function details(job: IJob): string {
  const { id, phase, since, sentence, doing, ended, notebook, output } = job;
  const lines = [
    `${id}: ${phase} since ${new Date(since).toLocaleString()}`,
    progress(job),
    ended ? '' : doing,
    sentence,
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
