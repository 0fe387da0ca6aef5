import type { Row } from './model.js';

/** CASA's priorities, the least first; DEBUG1 and INFO5 and their like count as DEBUG and INFO. */
const PRIORITIES = ['DEBUG', 'INFO', 'WARN', 'SEVERE'];

/** Which rows are shown. */
interface IFilter {
  /** Words that must all be in the row, in any case. */
  readonly text: string;
  /** The least priority; empty for any. */
  readonly priority: string;
}

/** CASA's priority without its number. */
export function family(priority: string): string {
  return priority.toUpperCase().replace(/\d+$/, '');
}

/** Make a function that returns whether a row passes. */
export function passes({ text, priority }: IFilter): (row: Row) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const least = PRIORITIES.indexOf(priority);
  return row => {
    if (PRIORITIES.indexOf(family(row[1])) < least) {
      return false;
    }
    const line = row.join(' ').toLowerCase();
    return words.every(word => line.includes(word));
  };
}

/** The rows as a spreadsheet takes them: a line each, cells parted by tabs. */
export function tabSeparated(rows: readonly Row[]): string {
  const cell = (text: string): string => text.replace(/[\t\r\n]+/g, ' ');
  return rows.map(row => row.map(cell).join('\t') + '\n').join('');
}

/** A number of things, as in “1 warning” and “12,345 messages”. */
export function counted(number: number, thing: string): string {
  return `${number.toLocaleString('en')} ${thing}${number === 1 ? '' : 's'}`;
}

/** A time as a clock shows it: 0:07, 12:34, 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const two = (part: number): string => String(part).padStart(2, '0');
  const rest = two(whole % 60);
  return hours ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/**
 * The path of a file below the server's root, or null if it lies elsewhere.
 *
 * @param root - an absolute path, or the same as a `file://` URL.
 */
export function belowRoot(file: string, root: string): string | null {
  const plain = root.startsWith('file://')
    ? decodeURIComponent(root.slice('file://'.length))
    : root;
  if (!plain.startsWith('/') || file.split('/').includes('..')) {
    return null;
  }
  const folder = plain.endsWith('/') ? plain : `${plain}/`;
  return file.startsWith(folder) ? file.slice(folder.length) : null;
}

/** What turns one list of rows into another; see `difference`. */
interface IDifference {
  /** For each old row, whether it stays. */
  readonly stays: readonly boolean[];
  /** How many of the new rows were there before; the others follow them. */
  readonly kept: number;
}

/**
 * Find what has changed in a log: rows go from anywhere, new ones come at its
 * end. One pass, whatever the lists are; the outcome is right for any two.
 */
export function difference(
  before: readonly Row[],
  after: readonly Row[]
): IDifference {
  let kept = 0;
  const stays = before.map(row => {
    const same = kept < after.length && equal(row, after[kept]);
    kept += same ? 1 : 0;
    return same;
  });
  return { stays, kept };
}

function equal(one: Row, other: Row): boolean {
  return one.every((text, column) => text === other[column]);
}
