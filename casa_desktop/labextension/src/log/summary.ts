import { element, setText } from '../dom.js';
import type { ILog } from './model.js';
import { ProgressBar } from './progress.js';
import { counted } from './text.js';

/** The state of a log, and its text alternative for the icon. */
type LogState = 'running' | 'done' | 'lost';

const STATES: Record<LogState, string> = {
  running: 'CASA log, running',
  done: 'CASA log',
  lost: 'CASA log, not followed to its end'
};

/** The one line that a folded log is; pressing it folds and unfolds. */
export class LogSummary {
  readonly node = element('div', 'Log-line');
  readonly progress = new ProgressBar();
  private readonly button = element('button', 'Log-toggle');
  private readonly icon = element('span', 'Log-icon');
  private readonly errors = element('span', 'Log-badge');
  private readonly warnings = element('span', 'Log-badge');
  private readonly newest = element('span', 'Log-newest');

  /**
   * @param panel - the id of what is folded.
   * @param toggle - called when the user presses the line.
   */
  constructor(panel: string, toggle: () => void) {
    this.button.type = 'button';
    this.button.setAttribute('aria-controls', panel);
    this.button.addEventListener('click', toggle);
    this.icon.setAttribute('role', 'img');
    this.errors.dataset.priority = 'SEVERE';
    this.warnings.dataset.priority = 'WARN';
    this.button.append(this.icon, this.errors, this.warnings, this.newest);
    this.node.append(this.button, this.progress.node);
  }

  update(log: ILog): void {
    badge(this.errors, log.errors, 'error');
    badge(this.warnings, log.warnings, 'warning');
    const [time, , origin, message] = log.newest ?? ['', '', '', ''];
    setText(this.newest, message || counted(log.total, 'message'));
    this.newest.title = [time, origin, message].filter(Boolean).join('  ');
    this.progress.update(log.progress);
  }

  /** Show the state of the log. */
  setState(state: LogState): void {
    this.icon.setAttribute('aria-label', STATES[state]);
    this.icon.title = STATES[state];
  }

  /** Show whether the panel is unfolded. */
  setOpen(open: boolean): void {
    this.button.setAttribute('aria-expanded', String(open));
  }
}

function badge(node: HTMLElement, number: number, thing: string): void {
  node.hidden = !number;
  setText(node, counted(number, thing));
}
