import { element } from '../dom.js';
import type { Row } from './model.js';
import { difference, family, passes } from './text.js';

const COLUMNS = ['Time', 'Priority', 'Origin', 'Message'];

/** How near its end, in pixels, a table counts as scrolled down. */
const NEAR = 8;

/**
 * The rows of a log in a table that scrolls.
 *
 * It follows the log: the newest row stays in view until the user scrolls up,
 * and again from when the user comes back to the end.
 */
export class LogTable {
  readonly node = element('div', 'Log-scroll');
  private readonly body = document.createElement('tbody');
  private rows: readonly Row[] = [];
  private passes: (row: Row) => boolean = () => true;
  private following = true;
  private top = 0;

  constructor() {
    const head = document.createElement('thead');
    const titles = head.insertRow();
    for (const column of COLUMNS) {
      const title = document.createElement('th');
      title.scope = 'col';
      title.textContent = column;
      titles.append(title);
    }
    const table = element('table', 'Log-table');
    table.append(head, this.body);
    this.node.append(table);
    // The keyboard scrolls what it can reach.
    this.node.tabIndex = 0;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'CASA log');
    this.node.addEventListener('scroll', () => this.scrolled());
  }

  /** The rows that pass the filter. */
  get shown(): readonly Row[] {
    return this.rows.filter(this.passes);
  }

  /** Show these rows; most of them are usually shown already. */
  update(rows: readonly Row[]): void {
    const { stays, kept } = difference(this.rows, rows);
    const nodes = [...this.body.rows];
    stays.forEach((stay, index) => {
      if (!stay) {
        nodes[index].remove();
      }
    });
    const added = document.createDocumentFragment();
    for (const row of rows.slice(kept)) {
      added.append(this.make(row));
    }
    this.body.append(added);
    this.rows = rows;
    this.follow();
  }

  /** Show those rows only that pass the filter. */
  filter(text: string, priority: string): void {
    this.passes = passes({ text, priority });
    const nodes = this.body.rows;
    this.rows.forEach((row, index) => {
      nodes[index].hidden = !this.passes(row);
    });
    this.follow();
  }

  /** Scroll to where it was: an element that leaves the page loses that. */
  restore(): void {
    this.node.scrollTop = this.top;
    this.follow();
  }

  private follow(): void {
    if (this.following) {
      this.node.scrollTop = this.node.scrollHeight;
    }
  }

  private make(row: Row): HTMLTableRowElement {
    const made = document.createElement('tr');
    made.dataset.priority = family(row[1]);
    made.hidden = !this.passes(row);
    for (const text of row) {
      made.insertCell().textContent = text;
    }
    // Names of C++ classes are long, and cut short by the style.
    made.cells[2].title = row[2];
    return made;
  }

  private scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.node;
    // A table that is removed from the page scrolls to its top; ignore that.
    if (clientHeight) {
      this.following = scrollHeight - scrollTop - clientHeight < NEAR;
      this.top = scrollTop;
    }
  }
}
