import assert from 'node:assert/strict';
import { test } from 'vitest';
import { RoundTrips } from '../../src/picture/roundtrips.js';

/** The statistics after these round trips, in ms. */
function after(...trips: number[]): RoundTrips {
  const made = new RoundTrips();
  trips.forEach(trip => made.pong(made.ping(0), trip));
  return made;
}

test('the round trip is the median of the last five', () => {
  assert.equal(new RoundTrips().median, null);
  assert.equal(after(900, 900, 10, 12, 11, 80, 13).median, 12);
});

test('what waits on the way is what a round trip takes beyond the least', () => {
  assert.equal(after(50, 52, 90).delay(0), 40);
  assert.equal(after(50).delay(0), 0);
});

test('a ping that is not answered yet counts for as long as it waits', () => {
  const waiting = after(50);
  waiting.ping(1000);
  assert.equal(waiting.delay(1300), 250);
  assert.equal(waiting.oldest(1300), 300);
});

test('before the first answer nothing is believed to wait', () => {
  const fresh = new RoundTrips();
  fresh.ping(0);
  assert.equal(fresh.delay(5000), 0);
});

test('the handshake tells the least before any ping does', () => {
  const met = new RoundTrips();
  met.meet(50);
  met.pong(met.ping(0), 120);
  assert.equal(met.delay(0), 70);
});

test('an answer to nothing, or a second one, changes nothing', () => {
  const made = after(50);
  made.pong(1, 9999);
  made.pong(77, 9999);
  assert.equal(made.median, 50);
});
