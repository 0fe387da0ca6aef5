import { element } from '../dom.js';
import { button } from './buttons.js';

/** How long a message stays, in ms: long enough for slow readers. */
const STAY = 7_000;

/** A message that is being shown. */
interface IToast {
  /** Replace its text. */
  say(text: string): void;
  /** Show progress, from 0 to 1. */
  progress(fraction: number): void;
  /** Remove it once there was time to read it. */
  done(): void;
}

/** Messages in a corner of the view; screen readers read them politely. */
export class Toasts {
  readonly node = element('div', 'Toasts');

  constructor() {
    this.node.setAttribute('role', 'status');
    this.node.setAttribute('aria-live', 'polite');
  }

  /** Show a message, and remove it after a while. */
  say(text: string): IToast {
    const toast = this.begin(text);
    toast.done();
    return toast;
  }

  /** Show a message that stays until `done`, or until the user closes it. */
  begin(text: string): IToast {
    const node = element('div', 'Toast');
    const words = element('span', 'Words', text);
    const close = button('×', () => node.remove());
    close.setAttribute('aria-label', 'Close this message');
    node.append(words, close);
    this.node.append(node);
    const bar = element('progress', 'Progress');
    return {
      say: sentence => {
        words.textContent = sentence;
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
      }
    };
  }
}
