import assert from 'node:assert/strict';
import { test } from 'vitest';
import { EXACT, LADDER } from '../../src/picture/ladder.js';
import { ISample, QualityController } from '../../src/picture/quality.js';

/** A link that carries so many bytes per second, and what is seen on it. */
class Hotel {
  now = 0;
  readonly controller = new QualityController();

  constructor(
    private readonly capacity: number,
    private readonly exact: number,
    roundTrip = 50,
    private readonly drawn = 60
  ) {
    this.controller.meet(roundTrip);
  }

  /** A frame takes its size's share of the exact one. */
  sample(): ISample {
    const shares = [
      0.013, 0.018, 0.023, 0.03, 0.038, 0.06, 0.11, 0.18, 0.28, 1
    ];
    const frame = this.exact * shares[this.controller.level];
    const wanted = frame * this.drawn;
    const isFull = wanted > this.capacity;
    return {
      now: this.now,
      rate: Math.min(wanted, this.capacity),
      frames: Math.min(this.drawn, this.capacity / frame),
      delay: isFull ? 80 : 3
    };
  }

  run(ms: number): number[] {
    const levels = [];
    for (const end = this.now + ms; this.now < end; this.now += 100) {
      this.controller.sample(this.sample());
      levels.push(this.controller.level);
    }
    return levels;
  }
}

/** Let the same be seen for so many milliseconds. */
function last(
  controller: QualityController,
  ms: number,
  seen: Omit<ISample, 'now'>
): void {
  for (let now = 0; now < ms; now += 100) {
    controller.sample({ now, ...seen });
  }
}

test('on one machine the picture is exact from the start, and stays so', () => {
  const local = new Hotel(1e9, 1e6, 2);
  assert.equal(local.controller.encoding.jpeg, null);
  assert.ok(local.run(10_000).every(level => level === EXACT));
});

test('a far away link begins with JPEG', () => {
  assert.notEqual(new Hotel(1e9, 1e6).controller.encoding.jpeg, null);
});

test('a link of 5 Mbit/s is not full any more after half a second', () => {
  const hotel = new Hotel(625_000, 1e6);
  hotel.run(500);
  assert.ok(hotel.sample().frames >= 30);
});

test('a far away link of much capacity becomes exact step by step', () => {
  const far = new Hotel(1e9, 1e6);
  const levels = far.run(20_000);
  assert.equal(levels.at(-1), EXACT);
  levels.slice(1).forEach((level, n) => assert.ok(level <= levels[n] + 1));
});

test('what a link did not bear is tried ever more rarely', () => {
  const hotel = new Hotel(625_000, 250_000, 50, 20);
  const levels = hotel.run(300_000);
  const isWorse = (n: number): boolean => levels[n] < levels[n - 1];
  const falls = (from: number, to: number): number =>
    levels.slice(from, to).filter((_, n) => n > 0 && isWorse(from + n)).length;
  assert.ok(falls(2000, 3000) < falls(0, 1000));
  assert.ok(falls(2000, 3000) <= 2);
});

test('of video more frames are wanted on a full link than of JPEG', () => {
  const [jpeg, video] = [false, true].map(isVideo => {
    const { controller } = new Hotel(1e9, 1e6);
    const before = controller.level;
    last(controller, 600, { rate: 5.5e5, frames: 40, delay: 80, isVideo });
    return controller.level - before;
  });
  assert.equal(jpeg, 0);
  assert.ok(video < 0);
});

/** Let processors be too slow for more than so many frames, whatever their size. */
function drudge(controller: QualityController, ms: number): number[] {
  const levels = [];
  for (let now = 0; now < ms; now += 100) {
    const rate = 120_000 * 1.25 ** controller.level;
    const seen = { now, rate, frames: 25, delay: 80, isVideo: true };
    controller.sample(seen);
    levels.push(controller.level);
  }
  return levels;
}

test('video is not coarse for nothing where the processors are slow', () => {
  const { controller } = new Hotel(1e9, 1e6);
  const before = controller.level;
  const levels = drudge(controller, 120_000);
  const coarse = (from: number, to: number): number =>
    levels.slice(from, to).filter(level => level < before).length;
  assert.ok(coarse(0, 600) > 0, 'it tries');
  assert.ok(coarse(0, 600) < 150);
  assert.ok(coarse(600, 1_200) < coarse(0, 600), 'and ever more rarely');
  assert.equal(controller.capacity, Infinity);
});

test('video stays coarse where that brings more frames', () => {
  const { controller } = new Hotel(1e9, 1e6);
  const before = controller.level;
  for (let now = 0; now < 5_000; now += 100) {
    const size = 15_000 * 1.25 ** controller.level;
    const frames = Math.min(60, 600_000 / size);
    const delay = frames < 60 ? 80 : 5;
    controller.sample({
      now,
      rate: frames * size,
      frames,
      delay,
      isVideo: true
    });
    assert.ok(now === 0 || controller.level <= before);
  }
  assert.ok(controller.level < before);
  assert.equal(controller.capacity, 600_000);
});

test('a link that stalls is full, whatever was known of it', () => {
  const { controller } = new Hotel(1e9, 1e6);
  const before = controller.level;
  for (let now = 0; controller.level !== before || now < 1_000; now += 100) {
    const rate = 120_000 * 1.25 ** controller.level;
    controller.sample({ now, rate, frames: 25, delay: 80, isVideo: true });
    assert.ok(now < 10_000);
  }
  for (let now = 10_000; now < 10_400; now += 100) {
    const seen = { now, rate: 1e5, frames: 5, delay: 800, isVideo: true };
    controller.sample(seen);
  }
  assert.ok(controller.level < before);
});

test('a slow answer to a still picture changes nothing', () => {
  const { controller } = new Hotel(1e9, 1e6);
  const before = controller.level;
  controller.sample({ now: 0, rate: 500, frames: 1, delay: 400 });
  assert.equal(controller.level, before);
});

test('a busy processor on one machine costs a light picture nothing', () => {
  const { controller } = new Hotel(1e9, 1e6, 2);
  last(controller, 3_000, { rate: 2e6, frames: 10, delay: 90 });
  assert.equal(controller.level, EXACT);
});

test('what the server cannot send without loss in time is given JPEG', () => {
  const { controller } = new Hotel(1e9, 1e6, 2);
  last(controller, 600, { rate: 5.7e6, frames: 20, delay: 5 });
  assert.ok(controller.level < EXACT);
  assert.ok(controller.encoding.jpeg! >= 90);
});

test('one large frame is no film', () => {
  const { controller } = new Hotel(1e9, 1e6, 2);
  for (let now = 0; now < 20_000; now += 100) {
    // Four tenths of a second of it, which is the window of the rates.
    const isOpening = now % 2_000 < 400;
    const rate = isOpening ? 6e6 : 1e3;
    controller.sample({ now, rate, frames: 2, delay: 5 });
  }
  assert.equal(controller.level, EXACT);
});

test('a near link that is slow all the same is given JPEG', () => {
  const { controller } = new Hotel(1e9, 1e6, 8);
  last(controller, 1_000, { rate: 5e5, frames: 3, delay: 300 });
  assert.ok(controller.level < EXACT);
});

test('a pinned quality holds whatever the link does, until it is let go', () => {
  const hotel = new Hotel(625_000, 1e6);
  hotel.controller.choose('lossless');
  hotel.run(3_000);
  assert.equal(hotel.controller.encoding.jpeg, null);
  hotel.controller.choose('low');
  assert.ok(hotel.controller.encoding.jpeg! <= 30);
  hotel.controller.choose('adaptive');
  assert.ok(hotel.controller.level < EXACT);
});

test('each step of the ladder is better than the one below', () => {
  const qualities = LADDER.map(({ jpeg }) => jpeg ?? 101);
  assert.deepEqual(
    qualities,
    [...qualities].sort((a, b) => a - b)
  );
});

test('video of few bytes becomes finer over a link that has room', () => {
  const controller = new QualityController();
  controller.meet(50);
  // As JPEG it fills the link.
  last(controller, 5_000, { rate: 6e5, frames: 8, delay: 300 });
  assert.equal(controller.level, 0);
  for (let now = 5_000; now < 25_000; now += 100) {
    const rate = 58_000 + 30_000 * controller.level;
    const seen = { now, rate, frames: 60, delay: 5, isVideo: true };
    controller.sample(seen);
  }
  assert.ok(controller.level > 4);
});
