/** The longest wait between two attempts, in milliseconds. */
export const MAX_DELAY = 15_000;

const FIRST_DELAY = 500;

/**
 * How long to wait before attempt number `attempt` (the first is 0), in ms.
 *
 * The ceiling doubles from 0.5 s up to 15 s. The wait is drawn from the upper
 * half below it, so that the pages of a whole class do not all reconnect in the
 * same instant when their hub is back.
 */
export function backoff(attempt: number, random = Math.random): number {
  const ceiling = Math.min(MAX_DELAY, FIRST_DELAY * 2 ** Math.min(attempt, 16));
  return ceiling * (0.5 + random() / 2);
}
