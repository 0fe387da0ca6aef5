import type { ServiceManager } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { Api, IDesktop, Unreachable } from '../server/api.js';
import { backoff } from '../connection/backoff.js';

/** The server's events for the start and the end of desktops. */
const EVENTS = 'https://casa-desktop.org/events/desktops';

/**
 * How long to wait after a hint before asking the server, in ms: just then the
 * user may be waiting for a desktop's first picture.
 */
const MOMENT = 300;

/**
 * The desktops that run on the server, as far as is known.
 *
 * The server's events keep the list up to date. Events are lost while the server
 * cannot be reached, so the list is fetched again whenever some may be missing.
 */
export class Desktops {
  private known: readonly IDesktop[] = [];
  private questions = 0;
  private failures = 0;
  private timer: number | undefined;
  private soon: number | undefined;
  /** Emitted when desktops have come or gone. */
  readonly changed = new Signal<this, void>(this);
  /** Emitted with the name of each desktop that has been started. */
  readonly started = new Signal<this, string>(this);

  constructor(readonly api: Api) {}

  /** The desktops that run, by their names. */
  get running(): readonly IDesktop[] {
    return this.known;
  }

  /** Whether the desktop `name` runs. */
  isRunning(name: string): boolean {
    return this.known.some(desktop => desktop.name === name);
  }

  /** Ask for the list now and whenever it may have changed. */
  follow(services: ServiceManager.IManager): void {
    services.events.stream.connect((_, event) => {
      if (event.schema_id === EVENTS) {
        this.refreshSoon();
      }
    });
    services.connectionFailure.connect(() => void this.refresh());
    window.addEventListener('online', () => void this.refresh());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') {
        void this.refresh();
      }
    });
    void this.refresh();
  }

  /**
   * Ask the server which desktops run. If it cannot be reached the list stays as
   * it is, and the question is repeated until there is an answer.
   */
  async refresh(): Promise<void> {
    const number = ++this.questions;
    window.clearTimeout(this.timer);
    try {
      const running = await this.api.list();
      // If a newer request is under way, its answer counts.
      if (number === this.questions) {
        this.failures = 0;
        this.take(running);
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

  /** Stop a desktop, its windows and its terminals. */
  async stop(name: string): Promise<void> {
    await this.api.stop(name).finally(() => this.refresh());
  }

  /** Stop a desktop, and start it anew. */
  async restart(name: string): Promise<void> {
    await this.api.restart(name).finally(() => this.refresh());
  }

  private take(running: readonly IDesktop[]): void {
    const before = new Set(this.known.map(mark));
    this.known = [...running].sort((a, b) => (a.name < b.name ? -1 : 1));
    const fresh = this.known.filter(desktop => !before.has(mark(desktop)));
    if (fresh.length || before.size !== this.known.length) {
      this.changed.emit();
    }
    fresh.forEach(({ name }) => this.started.emit(name));
  }
}

/** A text that differs between two starts of a desktop. */
function mark({ name, started }: IDesktop): string {
  return `${name} ${started}`;
}
