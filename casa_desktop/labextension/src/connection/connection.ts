import {
  Api,
  Ended,
  IDesktop,
  LoggedOut,
  Lost,
  Missing,
  Refused,
  Unreachable,
  Withdrawn
} from '../server/api.js';
import type { IClosing } from '../rfb/channel.js';
import { WakeUps } from './wakeups.js';
import {
  Action,
  End,
  hasEnded,
  Happening,
  INITIAL,
  IStatus,
  step
} from './state.js';
import type { IPreferences } from './preferences.js';
import type { Rfb } from './novnc.js';
import { loadRfb } from './novncloader.js';
import type { Socket } from '../server/socket.js';
import { messageOf } from '../errors.js';
import { Signal } from '../signal.js';
import { DesktopSignals } from './signals.js';

/** What a connection asks the view that it belongs to. */
interface IConnectionHost {
  /** What the user prefers now. */
  preferences(): IPreferences;
  /** Whether the view can be seen. */
  seen(): boolean;
}

/** How long a desktop may take to answer, in ms: a suspended one never does. */
const GREETING = 15_000;

/**
 * Starts a desktop, connects to it, and reconnects whenever it is lost.
 *
 * The shell around `step`: it carries out the state machine's actions and feeds
 * their results back. `dispose` ends it for good.
 */
export class Connection {
  /** Emitted with each new status. */
  readonly statusChanged = new Signal<IStatus>();
  /** What the desktop itself reports while it is connected. */
  readonly signals = new DesktopSignals();
  /** What shows the desktop; null unless it is connected or about to be. */
  rfb: Rfb | null = null;
  private status: IStatus = INITIAL;
  private timer: number | undefined;
  private greeting: number | undefined;
  private questions = 0;
  private disposed = false;
  private desktop: IDesktop | null = null;
  private readonly wakeUps = new WakeUps(why => this.woken(why !== 'seen'));

  /** @param target the element that the canvas fills. */
  constructor(
    private readonly api: Api,
    private readonly name: string,
    private readonly target: HTMLElement,
    private readonly host: IConnectionHost
  ) {}

  /** What the server's administrator has switched off. */
  get lacks(): readonly string[] {
    return this.desktop?.lacks ?? [];
  }

  /** When the desktop is ended, used or not, in ISO 8601; null for never. */
  get ends(): string | null {
    return this.desktop?.ends ?? null;
  }

  /** Start the desktop unless it runs, and show it. */
  open(): void {
    this.happen({ type: 'open' });
  }

  /** Try again at once if it has failed or waits; otherwise do nothing. */
  reopen(): void {
    if (this.status.phase === 'failed') {
      this.open();
    } else if (this.timer !== undefined) {
      this.due();
    }
  }

  /** The view can be seen again: start a desktop that was lost meanwhile. */
  look(): void {
    if (this.status.end === 'lost') {
      this.act({ type: 'look' });
    }
  }

  /** Close the connection for good. The desktop keeps running. */
  dispose(): void {
    this.disposed = true;
    this.wakeUps.dispose();
    window.clearTimeout(this.timer);
    window.clearTimeout(this.greeting);
    this.rfb?.close();
  }

  private woken(suspect: boolean): void {
    if (this.timer !== undefined) {
      this.due();
    } else if (hasEnded(this.status)) {
      // It may have been started again elsewhere, for example by a kernel.
      this.act({ type: 'look' });
    } else if (suspect) {
      this.rfb?.link.probe();
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
    this.statusChanged.emit(status);
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
    // Only the newest request counts: the user may press the button while an
    // earlier one is under way.
    if (number === this.questions) {
      this.happen(happening);
    }
  }

  private async answer(question: () => Promise<IDesktop>): Promise<Happening> {
    try {
      // noVNC is large: it is fetched while the desktop starts.
      const [desktop] = await Promise.all([question(), loadRfb()]);
      this.desktop = desktop;
      return { type: 'running', origin: desktop };
    } catch (error) {
      return error instanceof Lost
        ? {
            type: 'lost',
            reason: error.message,
            seen: this.host.seen(),
            now: Date.now()
          }
        : unwelcome(error);
    }
  }

  private async dial(): Promise<void> {
    try {
      const Made = await loadRfb();
      if (!this.disposed && this.desktop) {
        this.connect(Made, this.api.connect(this.desktop));
      }
    } catch (error) {
      this.happen(unwelcome(error));
    }
  }

  private connect(Made: typeof Rfb, socket: Socket): void {
    const callbacks = {
      connected: () => {
        window.clearTimeout(this.greeting);
        this.happen({ type: 'connected' });
      },
      closed: (closing: IClosing) => this.closed(closing)
    };
    const preferences = this.host.preferences();
    this.rfb = new Made(
      this.target,
      socket,
      preferences,
      callbacks,
      this.signals
    );
    const { channel } = this.rfb.link;
    this.greeting = window.setTimeout(
      () => channel.abandon('the desktop does not answer'),
      GREETING
    );
  }

  private closed({ code, reason }: IClosing): void {
    this.rfb = null;
    window.clearTimeout(this.greeting);
    this.happen({ type: 'closed', code, reason, cause: this.wakeUps.cause });
  }
}

function unwelcome(error: unknown): Happening {
  const reason = messageOf(error);
  if (error instanceof Missing) {
    return { type: 'missing', reason };
  }
  if (error instanceof Refused) {
    return { type: 'refused', reason, end: ending(error) };
  }
  const remedy = error instanceof Unreachable ? error.remedy : '';
  return { type: 'unreachable', reason, remedy };
}

function ending(refusal: Refused): End {
  if (refusal instanceof LoggedOut) {
    return 'login';
  }
  if (refusal instanceof Ended) {
    return 'ended';
  }
  return refusal instanceof Withdrawn ? 'withdrawn' : 'refused';
}
