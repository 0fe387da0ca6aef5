import { element } from '../dom.js';
import { button } from './buttons.js';

/** How long a message stays, in ms; those who read slowly need some time. */
const STAY = 7_000;

/** A message that is being shown. */
export interface IToast {
  /** Say something else in its place. */
  say(text: string): void;
  /** Show how far something is, between 0 and 1. */
  progress(fraction: number): void;
  /** Let it go, after a while in which it can be read. */
  done(): void;
  close(): void;
}

/** Messages in a corner of the view, told to screen readers politely. */
export class Toasts {
  readonly node = element('div', 'Toasts');

  constructor() {
    this.node.setAttribute('role', 'status');
    this.node.setAttribute('aria-live', 'polite');
  }

  /** Say something, and take it away after a while. */
  say(text: string): IToast {
    const toast = this.begin(text);
    toast.done();
    return toast;
  }

  /** Say something that stays until it is told to go. */
  begin(text: string): IToast {
    const node = element('div', 'Toast');
    const words = element('span', 'Words', text);
    const close = button('×', () => node.remove());
    close.setAttribute('aria-label', 'Close this message');
    node.append(words, close);
    this.node.append(node);
    const bar = element('progress', 'Progress');
    return {
      say: said => {
        words.textContent = said;
      },
      progress: fraction => {
        if (!bar.isConnected) {
          node.append(bar);
        }
        bar.value = fraction;
      },
      done: () => {
        bar.remove();
        window.setTimeout(() => node.remove(), STAY);
      },
      close: () => node.remove()
    };
  }
}
