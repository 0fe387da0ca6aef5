import { element } from '../dom.js';

/** What may be shown in a panel. */
export interface IContent {
  readonly title: string;
  readonly node: HTMLElement;
  /** Called each time before it is shown. */
  refresh?(): void;
  /** What takes the focus; the first control by default. */
  readonly first?: HTMLElement;
}

const FOCUSABLE = 'button, input, select, textarea, a[href]';

/** The one panel of a view: a small dialog below the button that opened it. */
export class Panel {
  readonly node = element('div', 'Panel');
  private readonly title = element('h2', 'Title');
  private readonly body = element('div', 'Content');
  private content: IContent | null = null;
  private opener: HTMLButtonElement | null = null;
  private readonly outside = (event: Event): void => {
    const path = event.composedPath();
    if (!path.includes(this.node) && !path.includes(this.opener!)) {
      this.close(false);
    }
  };

  constructor() {
    this.node.hidden = true;
    this.node.setAttribute('role', 'dialog');
    this.node.append(this.title, this.body);
    this.node.addEventListener('keydown', event => {
      // Keys typed here are neither for the desktop nor for JupyterLab.
      event.stopPropagation();
      if (event.key === 'Escape') {
        this.close();
      }
    });
  }

  /** Show something for a button, or close it if the button shows it now. */
  toggle(opener: HTMLButtonElement, content: IContent): void {
    if (this.content === content) {
      this.close();
      return;
    }
    this.close(false);
    this.opener = opener;
    this.content = content;
    this.node.setAttribute('aria-label', content.title);
    this.title.textContent = content.title;
    this.body.replaceChildren(content.node);
    content.refresh?.();
    opener.setAttribute('aria-expanded', 'true');
    this.node.hidden = false;
    this.place(opener);
    const first = content.first ?? content.node.querySelector(FOCUSABLE);
    (first as HTMLElement | null)?.focus();
    document.addEventListener('pointerdown', this.outside, true);
  }

  /** Close it; with `back` the focus returns to its button. */
  close(back = true): void {
    if (!this.content) {
      return;
    }
    document.removeEventListener('pointerdown', this.outside, true);
    this.node.hidden = true;
    this.content = null;
    this.opener?.setAttribute('aria-expanded', 'false');
    if (back) {
      this.opener?.focus();
    }
  }

  private place(opener: HTMLElement): void {
    const frame = this.node.parentElement!.getBoundingClientRect();
    const button = opener.getBoundingClientRect();
    const room = frame.width - this.node.offsetWidth - 8;
    const left = Math.max(8, Math.min(button.left - frame.left, room));
    this.node.style.left = `${left}px`;
  }
}
