import { element } from '../dom.js';
import type { IStatus } from '../connection/state.js';
import { words } from '../connection/statetext.js';

/** The message in place of a desktop that is not shown. */
export class Notice {
  readonly node = element('div', 'Card');
  private readonly headline = element('p', 'Headline');
  private readonly detail = element('p', 'Detail');
  private readonly button = element('button', 'Button');

  /** @param again called when the button is pressed. */
  constructor(again: () => void) {
    this.headline.setAttribute('role', 'status');
    this.headline.setAttribute('aria-live', 'polite');
    this.button.type = 'button';
    this.button.dataset.kind = 'main';
    this.button.hidden = true;
    this.button.addEventListener('click', again);
    this.node.append(this.headline, this.detail, this.button);
  }

  show(status: IStatus): void {
    const { headline, detail, button } = words(status);
    this.headline.textContent = headline;
    this.detail.textContent = detail;
    this.button.textContent = button;
    this.button.hidden = !button;
  }

  /** Give the keyboard to the button if there is one; return whether there is. */
  focus(): boolean {
    const { hidden } = this.button;
    // Not in vain: even for what is hidden the browser lays out the page first.
    if (!hidden) {
      this.button.focus();
    }
    return !hidden;
  }
}
