import { element, setText } from '../dom.js';
import type { IProgress } from './model.js';
import { clock } from './text.js';

/** A bar with what is being done, how much of it, how long, and what else. */
export class ProgressBar {
  readonly node = element('span', 'Log-progress');
  private readonly label = element('span', 'Log-label');
  private readonly bar = element('span', 'Log-bar');
  private readonly done = element('span', 'Log-done');
  private readonly percent = element('span', 'Log-percent');
  private readonly elapsed = element('span', 'Log-elapsed');
  private readonly detail = element('span', 'Log-detail');
  private shown: IProgress | null = null;
  private since = 0;

  constructor() {
    this.bar.setAttribute('role', 'progressbar');
    this.bar.setAttribute('aria-valuemin', '0');
    this.bar.setAttribute('aria-valuemax', '100');
    this.bar.append(this.done);
    this.node.append(
      this.label,
      this.bar,
      this.percent,
      this.elapsed,
      this.detail
    );
  }

  update(progress: IProgress | null): void {
    this.shown = progress;
    this.node.hidden = !progress;
    if (!progress) {
      return;
    }
    this.since = performance.now();
    const { label, fraction, elapsed, detail } = progress;
    setText(this.label, label);
    setText(this.detail, detail);
    setText(this.elapsed, clock(elapsed));
    this.detail.title = detail;
    this.bar.setAttribute('aria-label', label);
    this.bar.classList.toggle('casa-desktop-mod-endless', fraction === null);
    if (fraction === null) {
      this.bar.removeAttribute('aria-valuenow');
      setText(this.percent, '');
      this.done.style.width = '';
    } else {
      const percent = Math.floor(fraction * 100);
      this.bar.setAttribute('aria-valuenow', String(percent));
      setText(this.percent, `${percent}%`);
      this.done.style.width = `${fraction * 100}%`;
    }
  }

  /** Advance the clock while nothing new comes from the kernel. */
  tick(): void {
    if (this.shown) {
      const passed = (performance.now() - this.since) / 1000;
      setText(this.elapsed, clock(this.shown.elapsed + passed));
    }
  }
}
