import { Signal } from '@lumino/signaling';
import type { Api, IDesktop } from '../server/api.js';
import { ServerList } from './serverlist.js';

/** The server's events for the start and the end of desktops. */
const EVENTS = 'https://casa-desktop.org/events/desktops';

/** The desktops that run on the server, as far as is known. */
export class Desktops extends ServerList<IDesktop> {
  private known: readonly IDesktop[] = [];
  /** Emitted with the name of each desktop that has been started. */
  readonly started = new Signal<this, string>(this);

  constructor(readonly api: Api) {
    super(EVENTS, () => api.list());
  }

  /** The desktops that run, by their names. */
  get all(): readonly IDesktop[] {
    return this.known;
  }

  /** Whether the desktop `name` runs. */
  isRunning(name: string): boolean {
    return this.known.some(desktop => desktop.name === name);
  }

  /** Stop a desktop, its windows and its terminals. */
  async stop(name: string): Promise<void> {
    await this.api.stop(name).finally(() => this.refresh());
  }

  /** Stop a desktop, and start it anew. */
  async restart(name: string): Promise<void> {
    await this.api.restart(name).finally(() => this.refresh());
  }

  protected override take(running: readonly IDesktop[]): void {
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
