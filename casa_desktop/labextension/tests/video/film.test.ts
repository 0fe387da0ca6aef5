import assert from 'node:assert/strict';
import { test } from 'vitest';
import type { IRect } from '../../src/rfb/clientmessages.js';
import { Film } from '../../src/video/film.js';

const AREA: IRect = { x: 128, y: 64, width: 640, height: 512 };
const LEVEL = 4;

/** A film on a desktop of 1500 x 900, and what it asked for. */
class Stage {
  readonly said: unknown[] = [];
  now = 0;
  delay = 0;
  /** What a frame takes, and what has come in all. */
  bytes = 50_000;
  received = 0;
  roundTrip = 0;
  readonly film = new Film({
    request: (area, level, failed) => {
      this.said.push(area ? ['video', area, level] : ['no video', failed]);
    },
    leaveOut: area => void this.said.push(['leave out', area]),
    restore: (area, rests) => {
      this.said.push([rests ? 'restore' : 'restore what moves', area]);
      this.film.motion.expect(area);
    },
    draw: (_, area) => void this.said.push(['draw', area]),
    uncover: () => void this.said.push(['uncover']),
    received: () => this.received,
    roundTrip: () => this.roundTrip
  });

  constructor() {
    this.film.motion.resize(1500, 900);
  }

  /** Bring a part of the picture by RFB. */
  bring(area: IRect): void {
    this.received += this.bytes;
    this.film.update({ ...area, lossy: true, from: null });
    this.film.frame(this.now);
  }

  /** Let an area move until the film asks for it, by RFB. */
  move(area = AREA, interval = 100): void {
    for (let n = 0; n < 12; n++) {
      this.now += interval;
      this.bring(area);
    }
    this.tick();
  }

  tick(ms = 0, level = LEVEL): void {
    this.now += ms;
    this.film.tick(this.now, level, this.delay);
  }

  /** Decode a frame. */
  show(area = AREA, stream = 1): void {
    const frame = { stream, key: false, area };
    this.film.show({} as VideoFrame, frame, this.now);
  }

  /** Let video bring a frame each so many ms, for some seconds. */
  play(interval: number, seconds: number, stream = 1): void {
    const end = this.now + 1_000 * seconds;
    while (this.now < end && this.film.wanted) {
      this.tick(interval);
      this.show(AREA, stream);
    }
  }

  /** What was said since the last time. */
  get heard(): unknown[] {
    return this.said.splice(0);
  }
}

/** A stage on which the video plays. */
function playing(): Stage {
  const stage = new Stage();
  stage.move();
  stage.show();
  assert.ok(stage.film.playing);
  stage.said.length = 0;
  return stage;
}

test('what moves is asked for, and RFB goes on until a frame is there', () => {
  const stage = new Stage();
  stage.move();
  assert.deepEqual(stage.heard, [['video', AREA, LEVEL]]);
  stage.tick(100);
  assert.deepEqual(stage.heard, []);
  stage.show();
  assert.deepEqual(stage.heard, [
    ['draw', AREA],
    ['leave out', AREA]
  ]);
  stage.show();
  assert.deepEqual(stage.heard, [['draw', AREA]]);
});

test('what rests is sent by RFB again, and the video goes when that is there', () => {
  const stage = playing();
  stage.film.rest(1);
  assert.deepEqual(stage.heard, [
    ['no video', false],
    ['restore', AREA],
    ['leave out', null]
  ]);
  stage.bring({ x: 1000, y: 0, width: 100, height: 100 });
  assert.deepEqual(stage.heard, []);
  stage.bring(AREA);
  assert.deepEqual(stage.heard, [['uncover']]);
  assert.equal(stage.film.busy, false);
});

test('video stays until all that is below it has come', () => {
  const stage = playing();
  stage.film.rest(1);
  stage.said.length = 0;
  stage.bring({ ...AREA, height: 256 });
  assert.ok(stage.film.covers);
  assert.deepEqual(stage.heard, []);
  stage.bring({ ...AREA, y: AREA.y + 256, height: 256 });
  assert.deepEqual(stage.heard, [['uncover']]);
  assert.equal(stage.film.covers, false);
});

test('a picture that is made exact over a full link is no film', () => {
  const stage = playing();
  stage.delay = 1_000;
  stage.film.rest(1);
  stage.bring(AREA);
  // Without loss, in parts that overlap in tiles, and some of them twice.
  for (let part = 0; part < 16; part++) {
    const piece = { ...AREA, y: AREA.y + 32 * part, height: 64 };
    stage.film.motion.expect(piece);
    stage.now += 300;
    stage.bring(piece);
    stage.tick();
  }
  assert.equal(stage.film.busy, false);
  // What moves then is one.
  stage.move();
  assert.ok(stage.film.busy);
});

test('the rest of a stream that is not shown does not count', () => {
  const stage = playing();
  stage.film.rest(0);
  assert.ok(stage.film.playing);
});

test('where nothing comes for a second RFB takes over', () => {
  const stage = playing();
  stage.tick(500);
  assert.deepEqual(stage.heard, []);
  stage.tick(450);
  assert.deepEqual(stage.heard, [
    ['no video', true],
    ['restore what moves', AREA],
    ['leave out', null]
  ]);
});

test('over a full link frames may take as much longer as pings do', () => {
  const stage = playing();
  stage.delay = 400;
  stage.tick(1_100);
  assert.ok(stage.film.playing);
  stage.tick(200);
  assert.deepEqual(stage.heard[0], ['no video', true]);
});

test('after a failure there is no video for a while, and longer each time', () => {
  const stage = new Stage();
  const waits: number[] = [];
  for (let n = 0; n < 3; n++) {
    stage.move();
    assert.ok(stage.film.busy);
    const failed = stage.now;
    stage.film.fail(failed);
    while (!stage.film.busy) {
      stage.move();
    }
    waits.push(stage.now - failed);
    stage.film.end();
  }
  assert.ok(waits[0] >= 5_000 && waits[1] >= 10_000 && waits[2] >= 20_000);
});

test('what was never begun leaves nothing to restore', () => {
  const stage = new Stage();
  stage.move();
  stage.film.fail(stage.now);
  assert.deepEqual(stage.heard.at(-1), ['no video', true]);
  stage.show();
  assert.deepEqual(stage.heard, []);
});

test('another quality, and motion beside the area, begin another stream', () => {
  const stage = playing();
  stage.tick(0, LEVEL + 1);
  assert.deepEqual(stage.heard, [['video', AREA, LEVEL + 1]]);
  stage.show(AREA, 2);
  const beside = { x: 768, y: 64, width: 320, height: 512 };
  for (let n = 0; n < 5; n++) {
    stage.now += 100;
    stage.show(AREA, 2);
    stage.bring(beside);
  }
  stage.said.length = 0;
  stage.tick(0, LEVEL + 1);
  const both = { ...AREA, width: 960 };
  assert.deepEqual(stage.heard, [['video', both, LEVEL + 1]]);
  stage.show(both, 3);
  assert.deepEqual(stage.heard, [
    ['draw', both],
    ['leave out', both]
  ]);
});

test('video that brings fewer frames than RFB did is left to RFB', () => {
  const stage = playing();
  stage.play(200, 4);
  assert.deepEqual(stage.heard.slice(-3), [
    ['no video', false],
    ['restore what moves', AREA],
    ['leave out', null]
  ]);
});

for (const [bytes, roundTrip, interval, isTaken] of [
  [500, 0, 80, false],
  [500, 50, 130, false],
  [50_000, 50, 130, true],
  [500, 50, 66, true],
  [500, 0, 16, true]
] as const) {
  test(`changes of ${bytes} bytes each ${interval} ms are ${isTaken ? '' : 'not '}taken into the video beside them`, () => {
    const stage = playing();
    Object.assign(stage, { bytes, roundTrip });
    for (let n = 0; n < 3_000 / interval; n++) {
      stage.now += interval;
      stage.show();
      stage.bring({ x: 768, y: 64, width: 320, height: 512 });
      stage.tick();
    }
    const asked = stage.heard.filter(said => (said as string[])[0] === 'video');
    const both = ['video', { ...AREA, width: 960 }, LEVEL];
    assert.deepEqual(asked.slice(0, 1), isTaken ? [both] : []);
  });
}

test('video that brings as many frames as RFB did goes on', () => {
  const stage = playing();
  stage.play(100, 20);
  assert.ok(stage.film.playing);
});

test('where RFB is better, video is tried later, and later each time', () => {
  const stage = new Stage();
  const waits: number[] = [];
  for (let n = 0; n < 3; n++) {
    while (!stage.film.busy) {
      stage.move();
    }
    stage.show();
    stage.play(200, 4);
    const left = stage.now;
    stage.bring(AREA);
    while (!stage.film.busy) {
      stage.move();
    }
    waits.push(stage.now - left);
  }
  assert.ok(waits[0] >= 15_000 && waits[1] >= 30_000 && waits[2] >= 60_000);
});

test('one frame a second is a film where the link is full', () => {
  const stage = new Stage();
  stage.move(AREA, 1_000);
  assert.deepEqual(stage.heard, []);
  stage.delay = 1_000;
  stage.tick();
  assert.deepEqual(stage.heard, [['video', AREA, LEVEL]]);
});

test('a film that has just begun is not compared, and so not asked for', () => {
  const stage = new Stage();
  for (let n = 0; n < 5; n++) {
    stage.now += 100;
    stage.bring(AREA);
  }
  stage.tick();
  assert.deepEqual(stage.heard, []);
});

test('video does not stay where the desktop has become smaller', () => {
  const stage = playing();
  stage.film.resize(100, 900);
  assert.deepEqual(stage.heard.at(-1), ['uncover']);
  assert.equal(stage.film.busy, false);
});

test('where a smaller desktop still has a part of it, video goes when that has come', () => {
  const stage = playing();
  stage.film.resize(400, 900);
  assert.ok(stage.film.busy);
  stage.bring({ x: 0, y: 0, width: 400, height: 900 });
  assert.deepEqual(stage.heard.at(-1), ['uncover']);
});

for (const [bytes, interval, isAsked] of [
  [4_000, 20, false],
  [4_000, 50, false],
  [6_000, 30, true],
  [8_000, 20, true]
] as const) {
  const frames = Math.round(1_000 / interval);
  test(`RFB's ${frames} frames of ${bytes} bytes per second ${isAsked ? '' : 'do not '}become video`, () => {
    const stage = new Stage();
    stage.bytes = bytes;
    for (let n = 0; n < 8; n++) {
      stage.move(AREA, interval);
    }
    assert.equal(stage.film.wanted, isAsked);
  });
}

test('what takes few bytes is no film because its window opens', () => {
  const stage = new Stage();
  stage.bytes = 60_000;
  stage.delay = 300;
  for (let n = 0; n < 5; n++) {
    stage.now += 180;
    stage.bring(AREA);
    stage.tick();
  }
  stage.bytes = 4_000;
  for (let n = 0; n < 200; n++) {
    stage.now += 16;
    stage.delay = Math.max(0, stage.delay - 16);
    stage.bring(AREA);
    stage.tick();
  }
  assert.deepEqual(stage.heard, []);
});

test('what takes few bytes is a film where the link stays full', () => {
  const stage = new Stage();
  stage.bytes = 4_000;
  stage.delay = 150;
  for (let n = 0; n < 10; n++) {
    stage.move(AREA, 50);
  }
  assert.ok(stage.film.wanted);
});
