import { element, setText } from '../dom.js';
import type { ILog } from './model.js';
import { LogTable } from './table.js';
import { counted, tabSeparated } from './text.js';

/** What a log needs of the application around it. */
export interface ILogHost {
  /** Put a text on the clipboard. */
  copy(text: string): void;
  /** The path of a file as the server knows it; null if it does not. */
  find(file: string): string | null;
  /** Show a file that was found, by its path on the server. */
  open(path: string): void;
}

const CHOICES = [
  ['', 'All priorities'],
  ['INFO', 'INFO and above'],
  ['WARN', 'Warnings and errors'],
  ['SEVERE', 'Errors']
];

/** What unfolds: filters, the table, and the way to the log file. */
export class LogPanel {
  readonly node = element('div', 'Log-panel');
  readonly table = new LogTable();
  private readonly text = element('input', 'Log-filter');
  private readonly priority = element('select', 'Log-priority');
  private readonly said = element('span', 'Log-said');
  private readonly rest = element('div', 'Log-rest');
  private log: ILog | null = null;
  private file: string | null = null;

  constructor(
    id: string,
    private readonly host: ILogHost
  ) {
    this.node.id = id;
    this.node.append(this.tools(), this.table.node, this.rest);
  }

  update(log: ILog): void {
    this.table.update(log.rows);
    this.log = log;
    this.say();
    this.tellOfFile(log);
  }

  private tools(): HTMLElement {
    this.text.type = 'search';
    this.text.placeholder = 'Filter';
    this.text.setAttribute('aria-label', 'Filter by words');
    this.priority.setAttribute('aria-label', 'Filter by priority');
    for (const [value, label] of CHOICES) {
      this.priority.append(new Option(label, value));
    }
    const filter = (): void => {
      this.table.filter(this.text.value, this.priority.value);
      this.say();
    };
    this.text.addEventListener('input', filter);
    this.priority.addEventListener('change', filter);
    this.said.setAttribute('role', 'status');
    const copy = element('button', 'Log-copy', 'Copy');
    copy.type = 'button';
    copy.title = 'Copy the messages shown, for a spreadsheet or a mail';
    copy.addEventListener('click', () => this.copy());
    const tools = element('div', 'Log-tools');
    tools.append(this.text, this.priority, copy, this.said);
    return tools;
  }

  private copy(): void {
    const { shown } = this.table;
    this.host.copy(tabSeparated(shown));
    setText(this.said, `Copied ${counted(shown.length, 'message')}.`);
  }

  private say(): void {
    const shown = this.table.shown.length;
    const total = this.log?.total ?? 0;
    setText(
      this.said,
      shown === total
        ? counted(total, 'message')
        : `${shown.toLocaleString('en')} of ${counted(total, 'message')}`
    );
  }

  private tellOfFile({ logfile, omitted }: ILog): void {
    if (this.file !== logfile) {
      this.file = logfile;
      this.rest.replaceChildren(document.createTextNode(''), this.way(logfile));
    }
    this.rest.hidden = !logfile;
    const words = omitted
      ? `${counted(omitted, 'more message')} in the log file: `
      : 'Log file: ';
    if (this.rest.firstChild?.nodeValue !== words) {
      this.rest.firstChild!.nodeValue = words;
    }
  }

  /** A link where the server can show the file; else its path, to copy. */
  private way(logfile: string): HTMLElement {
    const path = this.host.find(logfile);
    if (path === null) {
      return element('code', 'Log-path', logfile);
    }
    const link = element('a', 'Log-path', logfile);
    link.href = '#';
    link.addEventListener('click', event => {
      event.preventDefault();
      this.host.open(path);
    });
    return link;
  }
}
