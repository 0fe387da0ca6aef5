import type { IRect } from '../rfb/clientmessages.js';
import type { IUpdate } from '../rfb/serverstream.js';
import { FrameRate } from './framerate.js';
import { isTaken, Motion, overlap, same, union } from './motion.js';
import type { IFrame } from './player.js';
import { FULL, RfbFrames } from './rfbframes.js';

/** What a film asks of the connection that it belongs to. */
export interface IFilmHost {
  /** Ask the server for video of an area, or to end it; it may have failed. */
  request(area: IRect | null, level: number, failed: boolean): void;
  /** Have RFB leave an area out from now on; null: nothing any more. */
  leaveOut(area: IRect | null): void;
  /** Have RFB send an area again, as it is now; it may be known to rest. */
  restore(area: IRect, rests: boolean): void;
  /** Show what was decoded. */
  draw(picture: VideoFrame, area: IRect): void;
  /** Show RFB's picture, which is there, in the place of the video. */
  uncover(): void;
  /** How many bytes of RFB have come in all. */
  received(): number;
  /** How long a round trip takes, in ms; 0 while that is not known. */
  roundTrip(): number;
}

/** How long the server may take to begin, in ms: it starts a process. */
const BEGINNING = 10_000;
/** How long nothing may come before RFB takes over again, in ms. */
const STALL = 800;
/**
 * For each delay of a full link, changes may be apart once longer than usual, so
 * many times at most: there what moves comes in jerks.
 */
const JERKS = 10;
/** How long to count the video's before they are compared, in ms. */
const TRIAL = 1_500;
/** Video has to bring this part of RFB's frames to go on. */
const WORTH = 0.85;
/** Changes of fewer pixels than this do not make a frame. */
const FRAME = 40_000;
/** How long to leave what moves to RFB if that is better, in ms; it doubles. */
const BETTER = 15_000;
/** How long to do without video after a failure, in ms; it doubles. */
const PAUSE = 5_000;
const LONGEST_PAUSE = 300_000;
/** How long a film must last for the next failure to count as a first, in ms. */
const PROVEN = 10_000;

/**
 * Decides when a part of the picture comes as video, and when by RFB again.
 *
 * RFB goes on until the first frame has been drawn, and begins again when
 * nothing moves, when nothing comes, when video brings fewer frames than RFB
 * did, and whenever anything fails.
 */
export class Film {
  readonly motion = new Motion();
  private phase: 'off' | 'asked' | 'playing' | 'settling' = 'off';
  /** What the server was asked for. */
  private asked: IRect | null = null;
  private level = 0;
  /** What RFB leaves out, and the video shows. */
  private hole: IRect | null = null;
  private heard = 0;
  private began = 0;
  private touched = false;
  private pause = PAUSE;
  private better = BETTER;
  private resumes = -Infinity;
  private stream = 0;
  /** How many pixels RFB has changed since its last frame. */
  private changed = 0;
  private readonly rfb = new RfbFrames();
  private readonly video = new FrameRate();
  /** How many frames RFB brought per second before the video began. */
  private wanting = 0;

  constructor(private readonly host: IFilmHost) {}

  /** Whether the video is the picture now. */
  get playing(): boolean {
    return this.phase === 'playing';
  }

  /** Whether video is what is seen of an area: RFB has not restored it yet. */
  get covers(): boolean {
    return this.hole !== null;
  }

  /** Whether frames of video are wanted. */
  get wanted(): boolean {
    return this.phase === 'asked' || this.phase === 'playing';
  }

  /** Whether it has something to wait for. */
  get busy(): boolean {
    return this.phase !== 'off';
  }

  /**
   * Go on; called often while something moves.
   *
   * @param delay how much longer than the shortest pings take, in ms.
   */
  tick(now: number, level: number, delay: number): void {
    switch (this.phase) {
      case 'off':
        return this.look(now, level, delay);
      case 'asked':
        return now - this.heard > BEGINNING ? this.fail(now) : undefined;
      case 'playing':
        return this.watch(now, level, delay);
    }
  }

  /** A part of the picture has come by RFB. */
  update(update: IUpdate): void {
    const { width, height } = update;
    this.changed += this.motion.note(update) ? width * height : 0;
    this.touched ||= this.hole !== null && overlap(update, this.hole);
  }

  /** All parts of an update by RFB have come. */
  frame(now: number): void {
    if (this.changed >= FRAME) {
      this.rfb.note(now, this.host.received());
    }
    this.changed = 0;
    this.motion.frame(now);
    if (this.settled) {
      this.uncover();
    }
    this.touched = false;
  }

  /** A frame of video has been decoded. */
  show(picture: VideoFrame, frame: IFrame, now: number): void {
    if (!this.wanted) {
      return;
    }
    if (this.phase === 'asked') {
      this.began = now;
      this.video.restart();
    }
    this.video.note(now);
    this.heard = now;
    this.stream = frame.stream;
    this.phase = 'playing';
    this.host.draw(picture, frame.area);
    if (!same(this.hole, frame.area)) {
      this.hole = frame.area;
      this.host.leaveOut(frame.area);
      // From now on its frames are those of what is outside.
      this.rfb.restart();
    }
  }

  /** Nothing moves any more, says the server of one of its streams. */
  rest(stream: number): void {
    if (stream === this.stream) {
      this.settle(false, true);
    }
  }

  /** Do without video from now on until something moves again. */
  end(): void {
    this.settle(false);
  }

  /** The desktop has another size, and all of it comes again by RFB. */
  resize(width: number, height: number): void {
    this.motion.resize(width, height);
    this.end();
    if (this.hole && (this.hole.x >= width || this.hole.y >= height)) {
      // There is nothing below it any more.
      this.uncover();
    }
  }

  /** Do without video for a while: it does not come, or cannot be shown. */
  fail(now: number): void {
    if (this.wanted) {
      const lasted = this.playing && now - this.began > PROVEN;
      this.pause = lasted ? PAUSE : this.pause;
      this.resumes = now + this.pause;
      this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
      this.settle(true);
    }
  }

  private look(now: number, level: number, delay: number): void {
    const patience = Math.min(Math.max(delay / FULL, 1), JERKS);
    const area = this.motion.area(now, patience);
    if (!area) {
      // A pause between two films does not count.
      return this.motion.stirs(now, patience) ? undefined : this.rfb.restart();
    }
    const rate = this.rfb.per(now);
    const isCheap = rate !== null && this.rfb.areCheap(now, rate, delay);
    if (rate !== null && now >= this.resumes && !isCheap) {
      this.wanting = rate;
      this.phase = 'asked';
      this.ask(area, level, now);
    }
  }

  private watch(now: number, level: number, delay: number): void {
    if (now - this.heard > STALL + delay) {
      return this.fail(now);
    }
    if (this.isWorse(now)) {
      return this.leaveToRfb(now);
    }
    // RFB brings only what is outside. A button that is pressed there need not
    // wait for the video's next frame.
    const stays = this.rfb.areOccasional(now, this.host.roundTrip());
    const outside = stays ? null : this.motion.area(now);
    const both = outside ? union(outside, this.asked!) : this.asked!;
    const area = isTaken(both) ? both : this.asked!;
    if (level !== this.level || !same(area, this.asked)) {
      this.ask(area, level, now);
    }
  }

  /** Whether RFB brought more frames, as far as has been counted. */
  private isWorse(now: number): boolean {
    const rate = this.video.per(now, TRIAL);
    return rate !== null && rate < WORTH * this.wanting;
  }

  private leaveToRfb(now: number): void {
    const lasted = now - this.began > PROVEN;
    this.better = lasted ? BETTER : this.better;
    this.resumes = now + this.better;
    this.better = Math.min(2 * this.better, LONGEST_PAUSE);
    this.settle(false);
  }

  /** Whether all that was below the video has come again. */
  private get settled(): boolean {
    return (
      this.phase === 'settling' &&
      this.touched &&
      !this.motion.expects(this.hole!)
    );
  }

  private uncover(): void {
    this.phase = 'off';
    this.hole = null;
    this.host.uncover();
  }

  private ask(area: IRect, level: number, now: number): void {
    this.asked = area;
    this.level = level;
    this.heard = now;
    this.host.request(area, level, false);
  }

  private settle(failed: boolean, rests = false): void {
    if (this.wanted) {
      this.host.request(null, 0, failed);
      this.motion.forget();
      this.rfb.restart();
      this.phase = this.hole ? 'settling' : 'off';
      this.touched = false;
      if (this.hole) {
        this.host.restore(this.hole, rests);
        this.host.leaveOut(null);
      }
    }
  }
}
