/** How many of the last round trips count. */
const REMEMBERED = 5;

/** How long an answer may take before the connection counts as dead, in ms. */
export const PATIENCE = 10_000;

/** Statistics of pings' round trips. All times are in milliseconds. */
export class RoundTrips {
  private readonly waiting = new Map<number, number>();
  private readonly trips: number[] = [];
  private best = Infinity;
  private id = 0;

  /** Record the handshake's duration, as a value before the first ping. */
  meet(roundTrip: number): void {
    this.best = roundTrip;
  }

  /** Record that a ping is sent; return its number. */
  ping(now: number): number {
    this.id += 1;
    this.waiting.set(this.id, now);
    return this.id;
  }

  /** Record the answer to a ping; answers come in order. */
  pong(id: number, now: number): void {
    const sent = this.waiting.get(id);
    if (sent === undefined) {
      return;
    }
    for (const older of this.waiting.keys()) {
      if (older <= id) {
        this.waiting.delete(older);
      }
    }
    this.trips.push(now - sent);
    this.trips.splice(0, this.trips.length - REMEMBERED);
    this.best = Math.min(this.best, now - sent);
  }

  /** The median of the last round trips; null before the first. */
  get median(): number | null {
    const sorted = [...this.trips].sort((a, b) => a - b);
    return sorted.length ? sorted[sorted.length >> 1] : null;
  }

  /** How much longer than the shortest a round trip takes now: the queue. */
  delay(now: number): number {
    const last = Math.max(this.trips.at(-1) ?? 0, this.oldest(now));
    return Number.isFinite(this.best) ? Math.max(0, last - this.best) : 0;
  }

  /** For how long the oldest ping has been waiting for its answer. */
  oldest(now: number): number {
    const [sent] = this.waiting.values();
    return sent === undefined ? 0 : now - sent;
  }

  /** Forget the pings under way, as after a time in which none counts. */
  forget(): void {
    this.waiting.clear();
  }
}
