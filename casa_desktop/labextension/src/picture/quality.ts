import type { IEncoding } from '../rfb/encodings.js';
import { EXACT, isNear, LADDER, levelOf, Quality, UNKNOWN } from './ladder.js';

/** Measurements of a connection over the last moments. */
export interface ISample {
  /** Now, in milliseconds. */
  readonly now: number;
  /** Bytes that came per second. */
  readonly rate: number;
  /** Frames that came per second. */
  readonly frames: number;
  /** Whether they came as video. */
  readonly isVideo?: boolean;
  /** How long the newest ping took, or has been waiting, beyond the least. */
  readonly delay: number;
}

/** The sizes of a colourful frame, as parts of the exact one. */
const SIZES = [
  0.013, 0.018, 0.023, 0.03, 0.038, 0.06, 0.11, 0.18, 0.28, 1
] as const;

/**
 * Below so many frames per second, quality is lowered to have more: of JPEG, and
 * of video, whose coarse steps look better, so that less is lost.
 */
const WANTED_FRAMES = 30;
const WANTED_OF_VIDEO = 45;
/** The part of a link that pictures may take. */
const SHARE = 0.75;
/** Delays beyond the least round trip, in ms: none; a full link; too much. */
const SHORT = 25;
const LONG = 45;
const TOO_LONG = 150;
/** Below so many bytes per second the picture does not cause delays. */
const FEW = 15_000;
/**
 * Bytes per second from which a link shows what it can carry. Of video, whose
 * coarsest frames take fewer, as many frames as are wanted show that it does.
 */
const EVIDENCE = 60_000;
/**
 * Bytes per second that no slow link carries. If frames are few nevertheless,
 * the server's zlib or the browser is too slow: 600 x 600 pixels of a film take
 * the server 30 ms without loss, and 8 ms with JPEG of quality 90.
 */
const HEAVY = 3_000_000;
/** For how long, in ms: a window that opens is one large frame. */
const HEAVY_FOR = 450;
/** How long until measurements show the effect of a step, in ms. */
const SETTLING = 300;
/** How long the link must have been calm before a step up, in ms. */
const CALM = 1_200;
/**
 * When smaller frames should have brought more of them, in ms: rates are taken
 * over a shorter time; and until when that tells something. If there are fewer
 * than so many times as many, of so much fewer bytes, the link was not full:
 * something else is slow.
 */
const PROOF = 700;
const PROVEN = 2_000;
const MORE = 1.15;
const LESS = 0.75;
/** A rate that a link has carried may be passed by so much, and at such delays. */
const MARGIN = 1.1;
const MUCH_TOO_LONG = 450;
/** How long to avoid a step that has overrun the link, in ms. */
const CAUTION = 8_000;
const MOST_CAUTION = 120_000;

/** What was seen when frames became smaller, and what held until then. */
interface ITrial extends ISample {
  readonly step: number;
  readonly capacity: number;
}

/**
 * Chooses how the picture is sent while it moves.
 *
 * It goes down at once, by as many steps as the link's measured capacity demands.
 * It goes up one step at a time, and waits longer each time a step has failed.
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
  /** Whether the last sample was of video. */
  private isVideo: boolean | undefined;
  private long = LONG;
  /** What was seen of video when it became coarser, and when that was last. */
  private trial: ITrial | null = null;
  private lowered = -Infinity;
  /** Bytes per second that do not fill the link, and until when that is known. */
  private carried = 0;
  private carriedUntil = -Infinity;
  private trust = CAUTION;

  /** The step of the ladder in force. */
  get level(): number {
    return levelOf(this.choice, this.step);
  }

  /** The encoding to send the picture with. */
  get encoding(): IEncoding {
    return LADDER[this.level];
  }

  /** Whether the user wants nothing but the exact picture. */
  get lossless(): boolean {
    return this.choice === 'lossless';
  }

  /** Pin the quality, or with 'adaptive' let it follow the link. */
  choose(choice: Quality): void {
    this.choice = choice;
  }

  /** Start from the handshake's round trip, in ms. */
  meet(roundTrip: number): void {
    const near = isNear(roundTrip);
    this.step = near ? EXACT : UNKNOWN;
    this.long = near ? TOO_LONG : LONG;
  }

  /** Take a sample of a moment in which the picture moved. */
  sample(seen: ISample): void {
    if (seen.now - this.sampled > SETTLING) {
      // Measurements from before a pause say nothing about the time after it.
      this.calmSince = seen.now;
      this.lightSince = seen.now;
    }
    this.sampled = seen.now;
    if (seen.isVideo !== this.isVideo) {
      // A step that overran the link as JPEG may be small as video. What the link
      // carries is known from it all the same.
      this.isVideo = seen.isVideo;
      this.ceiling = EXACT;
    }
    const isFull = this.isFull(seen);
    const tooFew = seen.frames < wanted(seen);
    if (!tooFew || seen.rate < HEAVY) {
      this.lightSince = seen.now;
    }
    const isHeavy = seen.now - this.lightSince >= HEAVY_FOR;
    if (isHeavy || (isFull && (tooFew || seen.delay > TOO_LONG))) {
      this.overrun(seen);
    } else if (seen.rate > EVIDENCE || (seen.isVideo && !tooFew)) {
      this.climb(seen);
    }
  }

  /** Whether what comes waits in the link, as far as delays tell. */
  private isFull({ now, rate, delay }: ISample): boolean {
    const isCarried = now < this.carriedUntil && rate < MARGIN * this.carried;
    return delay > (isCarried ? MUCH_TOO_LONG : this.long) && rate > FEW;
  }

  /**
   * Whether coarser video has brought no more frames although it takes fewer
   * bytes: the processors, not the link, cannot do more.
   */
  private isInVain({ rate, frames }: ISample): boolean {
    const { trial } = this;
    return (
      trial !== null && rate < LESS * trial.rate && frames < MORE * trial.frames
    );
  }

  /** Go back to the step before a trial, and believe that it was not too much. */
  private takeBack({ now }: ISample): void {
    const { rate, step, capacity } = this.trial!;
    this.trial = null;
    const again = now < this.carriedUntil + this.trust;
    this.trust = again ? Math.min(2 * this.trust, MOST_CAUTION) : CAUTION;
    this.carried = rate;
    this.carriedUntil = now + this.trust;
    this.capacity = capacity;
    this.cautiousUntil = -Infinity;
    this.go(step, now);
  }

  private overrun(seen: ISample): void {
    if (seen.now - this.lowered >= PROOF) {
      if (seen.now - this.lowered < PROVEN && this.isInVain(seen)) {
        return this.takeBack(seen);
      }
      this.trial = null;
    }
    const { step, capacity } = this;
    this.trial ??=
      seen.isVideo && step > 0 ? { ...seen, step, capacity } : null;
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
  private fitting(seen: ISample): number {
    const frame = seen.rate / Math.max(seen.frames, 2);
    const most = (SHARE * seen.rate) / wanted(seen);
    const largest = (most / frame) * SIZES[this.step];
    return SIZES.filter(size => size <= largest).length - 1;
  }

  private climb(seen: ISample): void {
    const calm = seen.now - this.calmSince;
    const next = this.step + 1;
    if (calm >= CALM && next <= EXACT && this.bears(next, seen)) {
      this.go(next, seen.now);
    }
  }

  /** Whether a step may be tried, or has overrun the link recently. */
  private bears(step: number, seen: ISample): boolean {
    const { now, rate, frames, delay } = seen;
    const growth = SIZES[step] / SIZES[this.step];
    if (delay > SHORT) {
      // A full link with frames to spare.
      return frames / growth > wanted(seen) / SHARE;
    }
    const fits = rate * growth <= SHARE * this.capacity;
    return now >= this.cautiousUntil || (step <= this.ceiling && fits);
  }

  private limit(now: number): void {
    // Overrun again soon after the wait: the wait was too short.
    const again = now < this.cautiousUntil + this.caution;
    this.caution = again ? Math.min(2 * this.caution, MOST_CAUTION) : CAUTION;
    this.ceiling = this.step - 1;
    this.cautiousUntil = now + this.caution;
  }

  private go(step: number, now: number): void {
    const to = Math.max(0, step);
    this.lowered = to < this.step ? now : this.lowered;
    this.step = to;
    this.changed = now;
    this.calmSince = now;
  }
}

function wanted({ isVideo }: ISample): number {
  return isVideo ? WANTED_OF_VIDEO : WANTED_FRAMES;
}
