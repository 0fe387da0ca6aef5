import type { ServiceManager } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { Unreachable } from '../server/api.js';
import type { IJob, IWish, JobApi } from '../server/jobs.js';
import { backoff } from '../connection/backoff.js';

/** The server's event for a list of jobs that is no longer as it was. */
const EVENTS = 'https://casa-desktop.org/events/jobs';

/** How long to wait after an event, in ms: a job changes several files at once. */
const MOMENT = 300;

/**
 * The jobs of the server's user, as far as is known.
 *
 * The server tells by one event that the list has changed since it was asked for
 * last. A page that is not in sight asks when it is seen again.
 */
export class Jobs {
  private known: readonly IJob[] = [];
  /** Jobs that this page has started, and that had not ended. */
  private readonly own = new Set<string>();
  private questions = 0;
  private failures = 0;
  private timer: number | undefined;
  private soon: number | undefined;
  /** Emitted when the list has changed. */
  readonly changed = new Signal<this, void>(this);
  /** Emitted with each job of this page that has ended. */
  readonly ended = new Signal<this, IJob>(this);

  constructor(readonly api: JobApi) {}

  /** The jobs, the newest first. */
  get all(): readonly IJob[] {
    return this.known;
  }

  /** The job with this id, as far as it is known. */
  find(id: string): IJob | undefined {
    return this.known.find(job => job.id === id);
  }

  /** Ask for the list now and whenever it may have changed. */
  follow(services: ServiceManager.IManager): void {
    services.events.stream.connect((_, event) => {
      // Also while the page is hidden if its user awaits the end of a job.
      if (event.schema_id === EVENTS && (this.own.size || isSeen())) {
        this.refreshSoon();
      }
    });
    window.addEventListener('online', () => void this.refresh());
    document.addEventListener('visibilitychange', () => {
      if (isSeen()) {
        void this.refresh();
      }
    });
    void this.refresh();
  }

  /** Ask for the list; if the server cannot be reached, again until it can. */
  async refresh(): Promise<void> {
    const number = ++this.questions;
    window.clearTimeout(this.timer);
    try {
      const jobs = await this.api.list();
      if (number === this.questions) {
        this.failures = 0;
        this.take(jobs);
      }
    } catch (error) {
      if (error instanceof Unreachable && number === this.questions) {
        const delay = backoff(this.failures++, Math.random);
        this.timer = window.setTimeout(() => void this.refresh(), delay);
      }
    }
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

  private refreshSoon(): void {
    this.soon ??= window.setTimeout(() => {
      this.soon = undefined;
      void this.refresh();
    }, MOMENT);
  }

  private take(jobs: readonly IJob[]): void {
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

function isSeen(): boolean {
  return document.visibilityState === 'visible';
}
