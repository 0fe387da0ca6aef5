import type { Api, IResources } from '../server/api.js';

/** How often to ask, in ms: neither memory nor time has an event. */
const PAUSE = 30_000;

/** Asks the server what is left of memory and time, between `start` and `stop`. */
export class Resources {
  /** What the server has told last; null before, and if it does not tell. */
  current: IResources | null = null;
  private timer: number | undefined;

  /** @param changed called when `current` may have changed, or time has passed. */
  constructor(
    private readonly api: Api,
    private readonly changed: () => void
  ) {}

  /** Ask now, and go on asking. */
  start(): void {
    this.stop();
    this.timer = window.setInterval(() => void this.ask(), PAUSE);
    void this.ask();
  }

  /** Ask no more. */
  stop(): void {
    window.clearInterval(this.timer);
    this.timer = undefined;
  }

  private async ask(): Promise<void> {
    try {
      this.current = await this.api.resources();
    } catch {
      // Better no figures than old ones.
      this.current = null;
    }
    this.changed();
  }
}
