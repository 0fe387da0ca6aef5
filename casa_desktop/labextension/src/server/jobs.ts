import type { Api } from './api.js';

/** A notebook that runs without hands, as the REST API describes it. */
export interface IJob {
  readonly id: string;
  /** One of the IVOA's Universal Worker Service. */
  readonly phase: string;
  readonly ended: boolean;
  /** When the phase began, in ISO 8601. */
  readonly since: string;
  /** Why, for people; empty if there is nothing to say. */
  readonly sentence: string;
  /** The cell that runs or ran last, from 1 on; 0 if none ran. */
  readonly cell: number;
  readonly cells: number;
  /** What the cell does, in a few words. */
  readonly doing: string;
  readonly engine: string;
  /** Absolute paths on the server. */
  readonly notebook: string;
  readonly output: string;
  /** The output's path in the contents API; null where that has none. */
  readonly outputPath: string | null;
  /** The parameters that were given, as texts. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** What was started: a job, or an array of several that are named after it. */
export interface IStarted {
  readonly id: string;
  readonly jobs: readonly IJob[];
}

/** What can be chosen for a run of a notebook. */
export interface IOffer {
  readonly parameters: readonly {
    readonly name: string;
    readonly default: string;
  }[];
  /** Why the notebook's parameters cannot be given; empty if they can. */
  readonly trouble: string;
  readonly engines: readonly string[];
  /** The name of the notebook that is written. */
  readonly output: string;
}

/**
 * What to run; the notebook's path is one of the contents API. A parameter whose
 * text is `@` and the name of a file has a job for each line of that.
 */
export interface IWish {
  readonly notebook: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly engine: string;
  readonly options: string;
  readonly output: string;
}

/** The REST API for jobs; what it throws is as in `Api`. */
export class JobApi {
  constructor(private readonly api: Api) {}

  /** All jobs, the oldest first. */
  async list(): Promise<IJob[]> {
    return this.api.rows<IJob>('jobs', 'jobs');
  }

  /** What can be chosen for a notebook. */
  async offer(notebook: string): Promise<IOffer> {
    const query = new URLSearchParams({ notebook }).toString();
    const offer = await this.api.call(`jobs/parameters?${query}`);
    return offer as unknown as IOffer;
  }

  /** Make a job and start it, or one for each line of a list. */
  async start(wish: IWish): Promise<IStarted> {
    const made = await this.api.call('jobs', {
      method: 'POST',
      body: JSON.stringify(wish),
      headers: { 'Content-Type': 'application/json' }
    });
    const job = made as unknown as IJob;
    return 'jobs' in made
      ? (made as unknown as IStarted)
      : { id: job.id, jobs: [job] };
  }

  /** Have a job interrupt its cell, save its notebook and end. */
  async stop(id: string): Promise<void> {
    await this.api.call(`${one(id)}/stop`, { method: 'POST', body: '{}' });
  }

  /** Stop a job if it runs, and remove it. */
  async remove(id: string): Promise<void> {
    await this.api.call(one(id), { method: 'DELETE' });
  }

  /** What a job has said. */
  async log(id: string): Promise<string> {
    return this.api.text(`${one(id)}/log`);
  }
}

function one(id: string): string {
  return `jobs/${encodeURIComponent(id)}`;
}
