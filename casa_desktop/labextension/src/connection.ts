import { Api, IDesktop, Missing, Refused } from './api.js';
import { Action, Happening, INITIAL, IStatus, step } from './machine.js';
import type { Rfb } from './rfb.js';

/**
 * A desktop, kept in sight for ever: starts it, dials, and dials again.
 *
 * The shell around `step`: it does what the machine says and reports what came
 * of it. Close it with `dispose`; nothing happens after that.
 */
export class Connection {
  private status: IStatus = INITIAL;
  private rfb: Rfb | null = null;
  private timer: number | undefined;
  private questions = 0;
  private disposed = false;
  private desktop: IDesktop | null = null;
  private readonly wake = (): void => this.hurry();

  /**
   * @param target the element that the canvas fills.
   * @param changed called with each new status.
   */
  constructor(
    private readonly api: Api,
    private readonly name: string,
    private readonly target: HTMLElement,
    private readonly changed: (status: IStatus) => void
  ) {
    window.addEventListener('online', this.wake);
    document.addEventListener('visibilitychange', this.wake);
  }

  /** Start the desktop unless it runs, and show it. */
  open(): void {
    this.happen({ type: 'open' });
  }

  /** Try again at once if it has failed or waits; else leave it alone. */
  reopen(): void {
    if (this.status.phase === 'failed') {
      this.open();
    } else if (this.timer !== undefined) {
      this.due();
    }
  }

  /** Give the keyboard to the desktop. */
  focus(): void {
    this.rfb?.focus();
  }

  /** Close the connection for good. The desktop goes on. */
  dispose(): void {
    this.disposed = true;
    window.removeEventListener('online', this.wake);
    document.removeEventListener('visibilitychange', this.wake);
    window.clearTimeout(this.timer);
    this.rfb?.close();
  }

  private hurry(): void {
    if (document.visibilityState !== 'visible') {
      return;
    }
    if (this.timer !== undefined) {
      this.due();
    } else if (this.status.stopped) {
      // It may have been started again from elsewhere, as by a kernel.
      this.act({ type: 'look' });
    }
  }

  private due(): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    this.happen({ type: 'due' });
  }

  private happen(happening: Happening): void {
    if (this.disposed) {
      return;
    }
    const [status, action] = step(this.status, happening);
    this.status = status;
    this.changed(status);
    this.act(action);
  }

  private act(action: Action): void {
    switch (action.type) {
      case 'start':
        return void this.ask(() => this.api.start(this.name));
      case 'look':
        return void this.ask(() => this.api.look(this.name));
      case 'dial':
        return void this.dial();
      case 'wait':
        this.timer = window.setTimeout(() => this.due(), action.delay);
        return;
      case 'rest':
        return;
    }
  }

  private async ask(question: () => Promise<IDesktop>): Promise<void> {
    const number = ++this.questions;
    const happening = await this.answer(question);
    // Only the newest question counts: the user may press the button while an
    // earlier one is still under way.
    if (number === this.questions) {
      this.happen(happening);
    }
  }

  private async answer(question: () => Promise<IDesktop>): Promise<Happening> {
    try {
      this.desktop = await question();
      return { type: 'running' };
    } catch (error) {
      return unwelcome(error);
    }
  }

  private async dial(): Promise<void> {
    try {
      // noVNC is large, and awaits the browser's codecs while it is loaded.
      const { Rfb } = await import('./rfb.js');
      if (!this.disposed && this.desktop) {
        this.connect(Rfb, this.api.websocket(this.desktop));
      }
    } catch (error) {
      this.happen(unwelcome(error));
    }
  }

  private connect(Made: typeof Rfb, url: string): void {
    this.rfb = new Made(this.target, url, {
      connected: () => this.happen({ type: 'connected' }),
      closed: reason => this.closed(reason)
    });
  }

  private closed(reason?: string): void {
    this.rfb = null;
    this.happen({ type: 'closed', reason });
  }
}

function unwelcome(error: unknown): Happening {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof Missing) {
    return { type: 'missing', reason };
  }
  if (error instanceof Refused) {
    return { type: 'refused', reason };
  }
  return { type: 'unreachable', reason };
}
