import { ILog, readLog } from '../log/model.js';

/** The MIME type under which the kernel tells of a reused result. */
export const REUSE_MIME = 'application/vnd.casa-desktop.reuse+json';

/** A call that was not made. */
interface IReuse {
  /** What it says, as the user reads it. */
  readonly line: string;
  /** The call's key. */
  readonly key: string;
  /** What it depends on, and why its result stands for it. */
  readonly why: string;
  /** The log of the call that made the result; null if it logged nothing. */
  readonly log: ILog | null;
}

/**
 * Read what a notebook holds under `REUSE_MIME`.
 *
 * A notebook may be anybody's: what is not as it should be counts as absent.
 */
export function readReuse(value: unknown): IReuse {
  const { line, key, why, log } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Record<string, unknown>;
  return {
    line: typeof line === 'string' ? line : '',
    key: typeof key === 'string' ? key : '',
    why: typeof why === 'string' ? why : '',
    log: log ? readLog(log) : null
  };
}
