import { Signal } from '@lumino/signaling';
import type { IJob, IStarted, IWish, JobApi } from '../server/jobs.js';
import { ServerList } from './serverlist.js';

/** The server's event for a list of jobs that is no longer as it was. */
const EVENTS = 'https://casa-desktop.org/events/jobs';

/**
 * The jobs of the server's user, as far as is known.
 *
 * The server tells by one event that the list has changed since it was asked for
 * last. A page that is not in sight asks when it is seen again.
 */
export class Jobs extends ServerList<IJob> {
  private known: readonly IJob[] = [];
  /** What this page has started, and that had not ended. */
  private own: readonly IStarted[] = [];
  /** Emitted with what this page has started, when all its jobs have ended. */
  readonly ended = new Signal<this, IStarted>(this);

  constructor(readonly api: JobApi) {
    super(EVENTS, () => api.list());
  }

  /** The jobs, the newest first. */
  get all(): readonly IJob[] {
    return this.known;
  }

  /** The job with this id, as far as it is known. */
  find(id: string): IJob | undefined {
    return this.known.find(job => job.id === id);
  }

  /** Start a job or an array of them, whose end is told. */
  async start(wish: IWish): Promise<IStarted> {
    const started = await this.api.start(wish);
    this.own = [...this.own, started];
    void this.refresh();
    return started;
  }

  /** Have a job save its notebook and end. */
  async stop(id: string): Promise<void> {
    await this.api.stop(id).finally(() => this.refresh());
  }

  /** Remove a job, which is stopped if it runs. */
  async remove(id: string): Promise<void> {
    await this.api.remove(id).finally(() => this.refresh());
  }

  /** Whether the user awaits the end of a job, also with the page hidden. */
  protected override get isAwaited(): boolean {
    return this.own.length > 0;
  }

  protected override take(jobs: readonly IJob[]): void {
    const before = JSON.stringify(this.known);
    this.known = [...jobs].reverse();
    if (JSON.stringify(this.known) !== before) {
      this.changed.emit();
    }
    const now = this.own.map(started => this.withNews(started));
    this.own = now.filter(({ jobs }) => jobs.some(job => !job.ended));
    for (const started of now) {
      // Nothing is told of those that were removed meanwhile.
      if (started.jobs.length && started.jobs.every(job => job.ended)) {
        this.ended.emit(started);
      }
    }
  }

  private withNews({ id, jobs }: IStarted): IStarted {
    const found = jobs.map(job => this.find(job.id));
    return { id, jobs: found.filter(job => job !== undefined) };
  }
}
