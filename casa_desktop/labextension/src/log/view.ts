import { element } from '../dom.js';
import { ILog, readLog } from './model.js';
import { ILogHost, LogPanel } from './panel.js';
import { LogSummary } from './summary.js';

let views = 0;

/**
 * The log of one cell: a line that unfolds to a table.
 *
 * The same view is updated for as long as the output is there, so that what
 * the user unfolded, typed or scrolled stays.
 */
export class LogView {
  readonly node = element('div', 'Log');
  private readonly summary: LogSummary;
  private readonly panel: LogPanel;
  private log: ILog = readLog(null);
  private open = false;
  private opened = false;
  private clock: number | undefined;

  constructor(host: ILogHost) {
    const id = `casa-desktop-log-${++views}`;
    this.summary = new LogSummary(id, () => this.setOpen(!this.open));
    this.panel = new LogPanel(id, host);
    this.setOpen(false);
    // JupyterLab's single-letter shortcuts are not meant here.
    this.node.dataset.lmSuppressShortcuts = 'true';
    this.node.append(this.summary.node, this.panel.node);
  }

  update(log: ILog): void {
    this.log = log;
    this.summary.update(log);
    // Only once: after that the user decides.
    if (log.opens && !this.opened) {
      this.opened = true;
      this.setOpen(true);
    } else if (this.open) {
      // A folded panel is not updated.
      this.panel.update(log);
    }
    this.follow();
  }

  /** Continue, now that the view is on the page. */
  attached(): void {
    this.panel.table.restore();
    this.follow();
  }

  /** Stop the clock, because the view leaves the page. */
  detached(): void {
    window.clearInterval(this.clock);
    this.clock = undefined;
  }

  private setOpen(open: boolean): void {
    this.open = open;
    this.summary.setOpen(open);
    this.panel.node.hidden = !open;
    if (open) {
      this.panel.update(this.log);
      this.panel.table.restore();
    }
  }

  /** While the cell runs, update its clock and check whether it has ended. */
  private follow(): void {
    this.showState();
    if (!this.log.running || !this.node.isConnected) {
      this.detached();
    } else if (this.clock === undefined) {
      this.clock = window.setInterval(() => {
        this.showState();
        this.summary.progress.tick();
      }, 1000);
    }
  }

  private showState(): void {
    const executing = this.log.running && isExecuting(this.node);
    const lost = this.log.running && !executing;
    const state = executing ? 'running' : lost ? 'lost' : 'done';
    if (this.node.dataset.state !== state) {
      this.node.dataset.state = state;
      this.summary.setState(state);
    }
  }
}

/**
 * Whether the cell around a node is running.
 *
 * The log alone does not tell: one saved in the middle of a run stays "running",
 * and so does that of a kernel that died. JupyterLab shows a star at the prompt
 * of a cell that runs. Where there is no prompt, the log counts.
 */
function isExecuting(node: HTMLElement): boolean {
  const prompt = node.closest('.jp-Cell')?.querySelector('.jp-InputPrompt');
  return !prompt || (prompt.textContent ?? '').includes('*');
}
