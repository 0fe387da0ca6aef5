import assert from 'node:assert/strict';
import { test } from 'vitest';
import { Pulse } from '../../src/picture/roundtrips.js';

/** A pulse with these round trips, in ms, one after the other. */
function pulse(...trips: number[]): Pulse {
  const made = new Pulse();
  trips.forEach(trip => made.pong(made.ping(0), trip));
  return made;
}

test('the round trip is the median of the last five', () => {
  assert.equal(new Pulse().median, null);
  assert.equal(pulse(900, 900, 10, 12, 11, 80, 13).median, 12);
});

test('what waits on the way is what a round trip takes beyond the least', () => {
  assert.equal(pulse(50, 52, 90).delay(0), 40);
  assert.equal(pulse(50).delay(0), 0);
});

test('a ping that is not answered yet counts for as long as it waits', () => {
  const waiting = pulse(50);
  waiting.ping(1000);
  assert.equal(waiting.delay(1300), 250);
  assert.equal(waiting.oldest(1300), 300);
});

test('before the first answer nothing is believed to wait', () => {
  const fresh = new Pulse();
  fresh.ping(0);
  assert.equal(fresh.delay(5000), 0);
});

test('the handshake tells the least before any ping does', () => {
  const met = new Pulse();
  met.meet(50);
  met.pong(met.ping(0), 120);
  assert.equal(met.delay(0), 70);
});

test('an answer to nothing, or a second one, changes nothing', () => {
  const made = pulse(50);
  made.pong(1, 9999);
  made.pong(77, 9999);
  assert.equal(made.median, 50);
});
