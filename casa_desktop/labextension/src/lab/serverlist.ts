import type { ServiceManager } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { backoff } from '../connection/backoff.js';
import { Unreachable } from '../server/api.js';

/**
 * How long to wait after a hint before asking the server, in ms: it may be one of
 * several, and just then the user may be waiting for a desktop's first picture.
 */
const MOMENT = 300;

/**
 * A list that the server keeps, as far as is known.
 *
 * The server's events keep it up to date. Events are lost while the server cannot
 * be reached, so the list is fetched again whenever some may be missing.
 */
export abstract class ServerList<T> {
  private questions = 0;
  private failures = 0;
  private timer: number | undefined;
  private soon: number | undefined;
  /** Emitted when the list has changed. */
  readonly changed = new Signal<this, void>(this);

  /**
   * @param events the schema of the server's events about the list.
   * @param fetch asks the server for the list.
   */
  constructor(
    private readonly events: string,
    private readonly fetch: () => Promise<readonly T[]>
  ) {}

  /** What is in the list, in the order in which it is shown. */
  abstract get all(): readonly T[];

  /** Take the server's answer; emit what is new. */
  protected abstract take(rows: readonly T[]): void;

  /** Whether to ask at an event also while the page is not in sight. */
  protected get isAwaited(): boolean {
    return true;
  }

  /** Ask for the list now and whenever it may have changed. */
  follow(services: ServiceManager.IManager): void {
    services.events.stream.connect((_, event) => {
      if (event.schema_id === this.events && (this.isAwaited || isSeen())) {
        this.refreshSoon();
      }
    });
    services.connectionFailure.connect(() => void this.refresh());
    window.addEventListener('online', () => void this.refresh());
    document.addEventListener('visibilitychange', () => {
      if (isSeen()) {
        void this.refresh();
      }
    });
    void this.refresh();
  }

  /**
   * Ask the server for the list. If it cannot be reached the list stays as it is,
   * and the question is repeated until there is an answer.
   */
  async refresh(): Promise<void> {
    const number = ++this.questions;
    window.clearTimeout(this.timer);
    try {
      const rows = await this.fetch();
      // If a newer request is under way, its answer counts.
      if (number === this.questions) {
        this.failures = 0;
        this.take(rows);
      }
    } catch (error) {
      if (error instanceof Unreachable && number === this.questions) {
        const delay = backoff(this.failures++, Math.random);
        this.timer = window.setTimeout(() => void this.refresh(), delay);
      }
    }
  }

  /** Ask in a moment, once for all hints of a change until then. */
  refreshSoon(): void {
    this.soon ??= window.setTimeout(() => {
      this.soon = undefined;
      void this.refresh();
    }, MOMENT);
  }
}

function isSeen(): boolean {
  return document.visibilityState === 'visible';
}
