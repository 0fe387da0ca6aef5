/** Reads: how many bytes it wants next, or to skip if that is negative. */
export type Reader = Generator<number, void, DataView>;

/** Reads likewise, and returns whether it understood what it read. */
export type Understood = Generator<number, boolean, DataView>;

/** Skip bytes; none is fine too. */
export function* skip(count: number): Reader {
  if (count > 0) {
    yield -count;
  }
}
