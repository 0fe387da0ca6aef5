import assert from 'node:assert/strict';
import { test } from 'vitest';
import { IRect } from '../../src/rfb/clientmessages.js';
import { IPlan, Picture } from '../../src/picture/losslessrefresh.js';

/** A picture over a far away link, on a desktop of 1600 x 900. */
class Film {
  readonly picture = new Picture();
  now = 0;
  plan: IPlan = { encoding: null, areas: [] };

  constructor() {
    this.picture.controller.meet(50);
    this.picture.lossy.resize(1600, 900);
  }

  show(rect: IRect, lossy: boolean, bytes = 5_000): void {
    this.picture.received(bytes);
    this.picture.update({ ...rect, lossy, from: null }, this.now);
    this.picture.frame();
  }

  wait(ms: number): void {
    this.now += ms;
    this.plan = this.picture.tick(this.now, 0);
  }

  /** Send what was asked for, without loss. */
  answer(): void {
    for (const area of this.plan.areas) {
      this.show(area, false);
    }
  }
}

const WINDOW: IRect = { x: 100, y: 100, width: 600, height: 600 };

test('what rests is asked for again, without loss and whole', () => {
  const film = new Film();
  film.show(WINDOW, true);
  film.wait(100);
  assert.equal(film.plan.areas.length, 0);
  film.wait(100);
  assert.equal(film.plan.encoding?.jpeg, null);
  const [area] = film.plan.areas as IRect[];
  assert.ok(area.x <= 100 && area.x + area.width >= 700);
  assert.ok(area.y <= 100 && area.y + area.height >= 700);
});

test('within half a second of the last frame the exact one is asked for', () => {
  const film = new Film();
  film.show(WINDOW, true);
  let waited = 0;
  for (; film.plan.areas.length === 0; waited += 100) {
    film.wait(100);
  }
  assert.ok(waited < 400, `${waited} ms`);
});

test('when the exact picture is there JPEG is announced for what comes', () => {
  const film = new Film();
  film.show(WINDOW, true);
  film.wait(200);
  film.answer();
  assert.ok(film.picture.exact);
  film.wait(100);
  assert.notEqual(film.plan.encoding?.jpeg, null);
  assert.ok(film.plan.encoding);
});

test('nothing is asked for while the picture moves', () => {
  const film = new Film();
  for (let n = 0; n < 50; n++) {
    film.show(WINDOW, true);
    film.wait(100);
    assert.deepEqual(film.plan.areas, []);
  }
});

test('a film that goes on elsewhere does not wait for exact pictures', () => {
  const film = new Film();
  film.show(WINDOW, true);
  film.wait(200);
  film.show({ x: 900, y: 100, width: 400, height: 400 }, false);
  film.wait(100);
  assert.ok(film.plan.encoding?.jpeg, 'JPEG again');
});

test('an exact picture that does not come is given up, and tried later', () => {
  const film = new Film();
  film.show(WINDOW, true);
  film.wait(200);
  film.wait(4_000);
  assert.ok(film.plan.encoding?.jpeg);
  film.wait(400);
  assert.ok(film.plan.areas.length > 0);
});

test('on a slow link the exact picture comes in parts', () => {
  const film = new Film();
  film.picture.controller.capacity = 100_000;
  film.show(WINDOW, true);
  film.wait(200);
  const pixels = film.plan.areas.reduce((n, a) => n + a.width * a.height, 0);
  assert.ok(pixels > 0 && pixels < 150_000);
  let parts = 0;
  for (; !film.picture.exact && parts < 50; parts++) {
    film.answer();
    film.wait(100);
  }
  assert.ok(film.picture.exact && parts > 1);
});

test('the next part is due as soon as one has come, and then no more', () => {
  const film = new Film();
  film.picture.controller.capacity = 300_000;
  film.show(WINDOW, true);
  assert.equal(film.picture.due, false);
  film.wait(200);
  for (let parts = 0; film.plan.areas.length; parts++) {
    assert.equal(film.picture.due, false);
    film.answer();
    assert.ok(film.picture.due);
    film.wait(0);
    assert.ok(parts < 20);
  }
  assert.ok(film.picture.exact);
  assert.equal(film.picture.due, false);
});

test('what was moved from a lossy place is lossy where it is now', () => {
  const film = new Film();
  film.show(WINDOW, true);
  film.wait(200);
  film.answer();
  film.show({ x: 0, y: 0, width: 64, height: 64 }, true);
  const to = { x: 640, y: 640, width: 64, height: 64 };
  film.picture.update({ ...to, lossy: false, from: { x: 0, y: 0 } }, film.now);
  assert.ok(film.picture.lossy.touches(to));
});

test('a picture sent without loss is exact, and nothing is asked', () => {
  const film = new Film();
  film.show(WINDOW, false);
  film.wait(500);
  assert.ok(film.picture.exact);
  assert.deepEqual(film.plan.areas, []);
});

test('a desktop that was enlarged still knows what is lossy', () => {
  const film = new Film();
  film.show(WINDOW, true);
  film.picture.lossy.resize(1900, 1000);
  assert.ok(film.picture.lossy.touches(WINDOW));
  film.picture.lossy.resize(64, 64);
  assert.ok(film.picture.exact);
});

test('something small that moves keeps nothing else from being exact', () => {
  const film = new Film();
  film.show(WINDOW, true);
  const small = { x: 1000, y: 100, width: 64, height: 64 };
  for (let n = 0; n < 20 && film.plan.areas.length === 0; n++) {
    film.show(small, true);
    film.wait(100);
  }
  const [area] = film.plan.areas;
  assert.ok(area && area.x + area.width <= 1000, 'what moves is not asked for');
  film.answer();
  assert.ok(!film.picture.lossy.touches(WINDOW));
  film.show(small, true);
  film.wait(100);
  assert.ok(film.plan.encoding?.jpeg, 'JPEG again');
});

/** Of whole tiles but for its lower edge. */
const VIDEO: IRect = { x: 128, y: 64, width: 640, height: 500 };

test('what comes as video is not waited for, and exact at once afterwards', () => {
  const film = new Film();
  film.show(WINDOW, true);
  film.picture.leaveOut({ x: 64, y: 64, width: 640, height: 640 });
  film.wait(1_000);
  assert.deepEqual(film.plan.areas, []);
  film.plan = film.picture.restore(VIDEO, true, film.now);
  assert.equal(film.plan.encoding?.jpeg, null);
  assert.equal(film.picture.exact, false);
  film.answer();
  film.wait(100);
  assert.ok(film.picture.exact);
  assert.notEqual(film.plan.encoding?.jpeg, null);
});

test('what was on its way when a film began is not waited for', () => {
  const film = new Film();
  const hole = { x: 64, y: 64, width: 640, height: 640 };
  film.show(WINDOW, true);
  film.picture.leaveOut(hole);
  film.show(WINDOW, true);
  film.wait(1_000);
  assert.deepEqual(film.plan.areas, []);
  film.show({ x: 704, y: 64, width: 64, height: 64 }, true);
  film.wait(1_000);
  assert.deepEqual(film.plan.areas, [{ x: 704, y: 64, width: 64, height: 64 }]);
});

test('the last row of an odd number is sent again with the video above it', () => {
  const { picture } = new Film();
  picture.lossy.resize(1500, 917);
  const video = { x: 64, y: 128, width: 640, height: 788 };
  picture.leaveOut(video);
  for (const capacity of [100_000, 100_000_000]) {
    picture.controller.capacity = capacity;
    const plan = picture.restore(video, true, 0);
    assert.deepEqual(plan.areas, [{ ...video, height: 789 }]);
  }
});

test('what was asked for before a film is not waited for after it', () => {
  const film = new Film();
  film.picture.controller.capacity = 100_000;
  film.show(WINDOW, true);
  film.wait(200);
  assert.ok(film.plan.areas.length);
  film.plan = film.picture.restore(VIDEO, true, film.now);
  film.show(VIDEO, true);
  let waited = 0;
  do {
    film.wait(100);
    waited += 100;
  } while (film.plan.areas.length === 0);
  assert.ok(waited < 600, `${waited} ms`);
});

test('over a narrow link it comes as fast as it can, and then exactly', () => {
  const film = new Film();
  film.picture.controller.capacity = 50_000;
  film.plan = film.picture.restore(VIDEO, true, film.now);
  assert.notEqual(film.plan.encoding?.jpeg, null);
  assert.deepEqual(film.plan.areas, [{ ...VIDEO, height: 512 }]);
  film.show(VIDEO, true);
  for (let waits = 0; !film.picture.exact && waits < 100; waits++) {
    film.wait(100);
    film.answer();
  }
  assert.ok(film.picture.exact);
});

test('frames that were shown as video count as video', () => {
  const [jpeg, video] = (['frame', 'filmed'] as const).map(kind => {
    const picture = new Picture();
    const before = picture.controller.level;
    for (let now = 10_000; now < 11_000; now += 100) {
      picture.received(55_000);
      [1, 2, 3, 4].forEach(() => picture[kind]());
      picture.tick(now, 80);
    }
    return picture.controller.level - before;
  });
  assert.equal(jpeg, 0);
  assert.ok(video < 0);
});

for (const rests of [true, false]) {
  test(`what comes over a narrow link after a film is ${rests ? '' : 'not '}made exact at once`, () => {
    const film = new Film();
    film.picture.controller.capacity = 50_000;
    film.picture.restore(VIDEO, rests, film.now);
    assert.equal(film.picture.due, false);
    film.wait(100);
    film.show(VIDEO, true);
    assert.equal(film.picture.due, rests);
    film.wait(0);
    assert.equal(film.plan.areas.length > 0, rests);
    assert.equal(film.picture.due, false);
  });
}

test('what moves elsewhere makes the picture after a film wait for its rest', () => {
  const film = new Film();
  film.picture.controller.capacity = 50_000;
  film.picture.restore(VIDEO, true, film.now);
  film.show({ x: 1_000, y: 64, width: 400, height: 400 }, true);
  film.show(VIDEO, true);
  assert.equal(film.picture.due, false);
});
