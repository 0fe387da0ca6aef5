import { element } from '../dom.js';
import { button } from './buttons.js';

/** Asks about addresses that programs on the desktop want to open. */
export class LinkPrompt {
  readonly node = element('div', 'Prompt');
  private readonly words = element('p', 'Words');
  private readonly address = element('code', 'Address');
  private url = '';

  /** @param copy puts a text on the browser's clipboard. */
  constructor(copy: (text: string) => void) {
    this.node.hidden = true;
    this.node.setAttribute('role', 'alert');
    this.words.textContent = 'A program on the desktop wants to open';
    const buttons = element('div', 'Buttons');
    buttons.append(
      button('Open', () => this.open(), 'main'),
      button('Copy', () => {
        copy(this.url);
        this.close();
      }),
      button('Dismiss', () => this.close())
    );
    this.node.append(this.words, this.address, buttons);
    this.node.addEventListener('keydown', event => {
      event.stopPropagation();
      if (event.key === 'Escape') {
        this.close();
      }
    });
  }

  /** Ask about an address; nothing is opened by itself. */
  ask(url: string): void {
    this.url = url;
    this.address.textContent = url;
    this.node.hidden = false;
  }

  close(): void {
    this.node.hidden = true;
  }

  private open(): void {
    window.open(this.url, '_blank', 'noopener,noreferrer');
    this.close();
  }
}
