import { Signal } from '@lumino/signaling';
import type { IJob, IWish, JobApi } from '../server/jobs.js';
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
  /** Jobs that this page has started, and that had not ended. */
  private readonly own = new Set<string>();
  /** Emitted with each job of this page that has ended. */
  readonly ended = new Signal<this, IJob>(this);

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

  /** Start a job, whose end is told. */
  async start(wish: IWish): Promise<IJob> {
    const job = await this.api.start(wish);
    this.own.add(job.id);
    void this.refresh();
    return job;
  }

  /** Have a job save its notebook and end. */
  async stop(id: string): Promise<void> {
    await this.api.stop(id).finally(() => this.refresh());
  }

  /** Remove a job, which is stopped if it runs. */
  async remove(id: string): Promise<void> {
    this.own.delete(id);
    await this.api.remove(id).finally(() => this.refresh());
  }

  /** Whether the user awaits the end of a job, also with the page hidden. */
  protected override get isAwaited(): boolean {
    return this.own.size > 0;
  }

  protected override take(jobs: readonly IJob[]): void {
    const before = JSON.stringify(this.known);
    this.known = [...jobs].reverse();
    if (JSON.stringify(this.known) !== before) {
      this.changed.emit();
    }
    for (const job of jobs) {
      if (job.ended && this.own.delete(job.id)) {
        this.ended.emit(job);
      }
    }
  }
}
