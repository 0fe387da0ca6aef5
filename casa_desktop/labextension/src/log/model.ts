import { record } from '../json.js';

/** The MIME type under which the kernel shows a cell's log. */
export const LOG_MIME = 'application/vnd.casa-desktop.log+json';

/** A message: time, priority, origin, text. */
export type Row = readonly [string, string, string, string];

/** How far a task has come. */
export interface IProgress {
  readonly label: string;
  /** Between 0 and 1; null where CASA does not report it. */
  readonly fraction: number | null;
  /** In seconds. */
  readonly elapsed: number;
  readonly detail: string;
}

/** What CASA logged while a cell ran. */
export interface ILog {
  readonly running: boolean;
  /** Whether it is to unfold by itself. */
  readonly opens: boolean;
  /** The whole log's path on the kernel's machine. */
  readonly logfile: string;
  readonly total: number;
  readonly warnings: number;
  readonly errors: number;
  readonly newest: Row | null;
  readonly rows: readonly Row[];
  /** How many messages are in the log file only. */
  readonly omitted: number;
  readonly progress: IProgress | null;
}

/**
 * Read what a notebook holds under `LOG_MIME`.
 *
 * A notebook may be anybody's: what is not as it should be counts as absent.
 */
export function readLog(value: unknown): ILog {
  const log = record(value);
  const counts = record(log.counts);
  const rows = Array.isArray(log.messages) ? log.messages : [];
  return {
    running: log.state === 'running',
    opens: log.open === true || count(counts.severe) > 0,
    logfile: text(log.logfile),
    total: count(counts.total),
    warnings: count(counts.warn),
    errors: count(counts.severe),
    newest: log.newest ? row(log.newest) : null,
    rows: rows.map(row),
    omitted: count(log.omitted),
    progress: log.progress ? progress(record(log.progress)) : null
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function count(value: unknown): number {
  return Number.isInteger(value) ? Math.max(value as number, 0) : 0;
}

function row(value: unknown): Row {
  const cells: unknown[] = Array.isArray(value) ? value : [];
  return [text(cells[0]), text(cells[1]), text(cells[2]), text(cells[3])];
}

function progress(value: Record<string, unknown>): IProgress {
  const { fraction, elapsed } = value;
  return {
    label: text(value.label),
    fraction:
      typeof fraction === 'number' && Number.isFinite(fraction)
        ? Math.min(Math.max(fraction, 0), 1)
        : null,
    elapsed:
      typeof elapsed === 'number' && elapsed > 0 && Number.isFinite(elapsed)
        ? elapsed
        : 0,
    detail: text(value.detail)
  };
}
