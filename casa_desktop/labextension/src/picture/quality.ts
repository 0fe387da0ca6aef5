import type { IEncoding } from '../rfb/encodings.js';

/** How the picture is sent: as the link allows, or always the same way. */
export type Quality = 'adaptive' | 'lossless' | 'high' | 'medium' | 'low';

/** What was seen of a connection in the last moments. */
export interface ISample {
  /** Now, in milliseconds. */
  readonly now: number;
  /** Bytes that came per second. */
  readonly rate: number;
  /** Frames that came per second. */
  readonly frames: number;
  /** How long the newest ping took, or has been waiting, beyond the least. */
  readonly delay: number;
}

/** The ways to send the picture, from the smallest to the exact one. */
export const LADDER: readonly IEncoding[] = [
  { jpeg: 15, sharing: 4, effort: 6 },
  { jpeg: 22, sharing: 4, effort: 6 },
  { jpeg: 30, sharing: 4, effort: 6 },
  { jpeg: 42, sharing: 4, effort: 5 },
  { jpeg: 55, sharing: 4, effort: 5 },
  { jpeg: 68, sharing: 2, effort: 4 },
  { jpeg: 80, sharing: 1, effort: 3 },
  { jpeg: 90, sharing: 1, effort: 2 },
  { jpeg: 96, sharing: 1, effort: 2 },
  { jpeg: null, sharing: 1, effort: 1 }
];

/** The step without loss. */
export const EXACT = LADDER.length - 1;

/** The sizes of a colourful frame, as parts of the exact one. */
const SIZES = [
  0.013, 0.018, 0.023, 0.03, 0.038, 0.06, 0.11, 0.18, 0.28, 1
] as const;

/** Where a link begins that nothing is known of but its round trip. */
const UNKNOWN = 6;

/** Frames per second below which quality is given for more of them. */
const WANTED_FRAMES = 30;
/** The part of a link that pictures may take. */
const SHARE = 0.75;
/** Delays beyond the least round trip, in ms: none; a full link; too much. */
const SHORT = 25;
const LONG = 45;
const TOO_LONG = 150;
/** Bytes per second below which a slow answer is not the picture's fault. */
const FEW = 15_000;
/** Bytes per second from which a link shows what it can carry. */
const EVIDENCE = 60_000;
/**
 * Bytes per second that no slow link carries. With too few frames besides, it
 * is the server's zlib or the browser that keeps them: 600 x 600 pixels of a
 * film take the server 30 ms without loss, and 8 with JPEG of quality 90.
 */
const HEAVY = 3_000_000;
/** How long it must be so: a window that opens is one large frame, in ms. */
const HEAVY_FOR = 450;
/** How long it takes until a step shows in what is measured, in ms. */
const SETTLING = 300;
/** How long all must have been well before a step up, in ms. */
const CALM = 1_200;
/** How long not to go again where the link was overrun, in ms. */
const CAUTION = 8_000;
const MOST_CAUTION = 120_000;

/** What the steps that a user can pin are. */
const PINNED: Readonly<Record<Exclude<Quality, 'adaptive'>, number>> = {
  lossless: EXACT,
  high: 7,
  medium: 5,
  low: 2
};

/**
 * Chooses how the picture is sent while it moves.
 *
 * Down at once, by as many steps as the link's measured capacity says; up one
 * step at a time, and ever more cautiously where that went wrong before.
 */
export class QualityController {
  private choice: Quality = 'adaptive';
  private step = UNKNOWN;
  private changed = -Infinity;
  private calmSince = 0;
  private sampled = -Infinity;
  private lightSince = 0;
  /** Bytes per second that the link carried when it was full. */
  capacity = Infinity;
  private ceiling = EXACT;
  private cautiousUntil = -Infinity;
  private caution = CAUTION;
  private long = LONG;

  /** The step of the ladder in force. */
  get level(): number {
    return this.choice === 'adaptive' ? this.step : PINNED[this.choice];
  }

  /** How the picture is to be sent. */
  get encoding(): IEncoding {
    return LADDER[this.level];
  }

  /** The user pins the quality, or leaves it to the link. */
  choose(choice: Quality): void {
    this.choice = choice;
  }

  /** The handshake's round trip, in ms: the first that is known of a link. */
  meet(roundTrip: number): void {
    // Two processes and an event loop answer within this on one machine or
    // in one building; there it begins without loss, and what is late is
    // likelier late for a busy processor than for a full link.
    const isNear = roundTrip < 12;
    this.step = isNear ? EXACT : UNKNOWN;
    this.long = isNear ? TOO_LONG : LONG;
  }

  /** Take a sample of a moment in which the picture moved. */
  sample(seen: ISample): void {
    if (seen.now - this.sampled > SETTLING) {
      // What was before a pause tells nothing of what comes after it.
      this.calmSince = seen.now;
      this.lightSince = seen.now;
    }
    this.sampled = seen.now;
    const isFull = seen.delay > this.long && seen.rate > FEW;
    const tooFew = seen.frames < WANTED_FRAMES;
    if (!tooFew || seen.rate < HEAVY) {
      this.lightSince = seen.now;
    }
    const isHeavy = seen.now - this.lightSince >= HEAVY_FOR;
    if (isHeavy || (isFull && (tooFew || seen.delay > TOO_LONG))) {
      this.overrun(seen);
    } else if (seen.rate > EVIDENCE) {
      this.climb(seen);
    }
  }

  private overrun(seen: ISample): void {
    this.calmSince = seen.now;
    this.capacity = seen.rate;
    if (seen.now - this.changed < SETTLING) {
      return;
    }
    const fits = this.fitting(seen);
    const least = seen.delay > TOO_LONG ? 2 : 1;
    this.limit(seen.now);
    this.go(Math.min(fits, this.step - least), seen.now);
  }

  /** The highest step whose frames the link can carry, as far as is known. */
  private fitting({ rate, frames }: ISample): number {
    const frame = rate / Math.max(frames, 2);
    const most = (SHARE * rate) / WANTED_FRAMES;
    const wanted = (most / frame) * SIZES[this.step];
    return SIZES.filter(size => size <= wanted).length - 1;
  }

  private climb(seen: ISample): void {
    const calm = seen.now - this.calmSince;
    const next = this.step + 1;
    if (calm >= CALM && next <= EXACT && this.bears(next, seen)) {
      this.go(next, seen.now);
    }
  }

  /** Whether a step may be tried, after what the link did not bear. */
  private bears(step: number, { now, rate, frames, delay }: ISample): boolean {
    const growth = SIZES[step] / SIZES[this.step];
    if (delay > SHORT) {
      // A full link with frames to spare.
      return frames / growth > WANTED_FRAMES / SHARE;
    }
    const fits = rate * growth <= SHARE * this.capacity;
    return now >= this.cautiousUntil || (step <= this.ceiling && fits);
  }

  private limit(now: number): void {
    // Overrun again soon after the caution was over: it was over too early.
    const again = now < this.cautiousUntil + this.caution;
    this.caution = again ? Math.min(2 * this.caution, MOST_CAUTION) : CAUTION;
    this.ceiling = this.step - 1;
    this.cautiousUntil = now + this.caution;
  }

  private go(step: number, now: number): void {
    this.step = Math.max(0, step);
    this.changed = now;
    this.calmSince = now;
  }
}
