import type { Cause } from './state.js';

/** How often the clock is read, in ms. */
const BEAT = 5_000;
/** If the clock is so late, the computer slept; in ms. */
const SLEEP = 15_000;
/** The same for a hidden page: browsers run its timers once a minute. */
const HIDDEN_SLEEP = 90_000;
/** For how long a cause explains what is lost afterwards, in ms. */
const RECENT = 60_000;

/** What happened to this computer that may explain a lost connection. */
interface IMoment {
  readonly cause: 'network' | 'sleep';
  readonly at: number;
}

/**
 * The likely cause of a lost connection.
 *
 * @param online whether the browser believes that there is a network.
 */
export function guess(
  moment: IMoment | null,
  online: boolean,
  now: number
): Cause {
  if (!online) {
    return 'network';
  }
  return moment && now - moment.at < RECENT ? moment.cause : 'unknown';
}

/** Notices that this computer slept, or that its network came and went. */
export class WakeUps {
  private moment: IMoment | null = null;
  private last = Date.now();
  private hidden = document.visibilityState !== 'visible';
  private readonly timer = window.setInterval(() => this.beat(), BEAT);
  private readonly back = (): void => this.note('network');
  private readonly seen = (): void => {
    this.beat();
    if (document.visibilityState === 'visible') {
      this.woken('seen');
    }
  };

  /**
   * @param woken called when a connection may have been lost, or may have
   *   become possible.
   */
  constructor(private readonly woken: (why: Cause | 'seen') => void) {
    window.addEventListener('online', this.back);
    window.addEventListener('offline', this.back);
    document.addEventListener('visibilitychange', this.seen);
  }

  /** The likely cause of a connection lost now. */
  get cause(): Cause {
    this.beat();
    return guess(this.moment, navigator.onLine, Date.now());
  }

  dispose(): void {
    window.clearInterval(this.timer);
    window.removeEventListener('online', this.back);
    window.removeEventListener('offline', this.back);
    document.removeEventListener('visibilitychange', this.seen);
  }

  private beat(): void {
    const now = Date.now();
    const late = now - this.last - BEAT;
    this.last = now;
    if (late > (this.hidden ? HIDDEN_SLEEP : SLEEP)) {
      this.note('sleep');
    }
    this.hidden = document.visibilityState !== 'visible';
  }

  private note(cause: IMoment['cause']): void {
    this.moment = { cause, at: Date.now() };
    if (navigator.onLine) {
      this.woken(cause);
    }
  }
}
