import { element } from '../../dom.js';
import type { IPreferenceStore } from '../../connection/preferences.js';
import type { IContent } from '../panel.js';
import { button, check } from '../buttons.js';

/** A way that the server's administrator may have closed. */
export type ClipboardLack = 'clipboard-in' | 'clipboard-out';

/** What the clipboard's panel needs. */
export interface IClipboard {
  /** Whether texts do not go this way. */
  lacks(way: ClipboardLack): boolean;
  /** The text that the desktop has. */
  readonly text: string;
  /** Put a text on the desktop's clipboard. */
  send(text: string): void;
  /** Put the desktop's text on the browser's clipboard; return whether it worked. */
  take(): Promise<boolean>;
  /** Read the browser's clipboard; return whether that is allowed. */
  allow(): Promise<boolean>;
}

/** Both clipboards, for browsers that do not let them follow each other. */
export class ClipboardPanel implements IContent {
  readonly title = 'Clipboard';
  readonly node = element('div', 'Column');
  readonly first: HTMLTextAreaElement;
  private readonly said = element('p', 'Hint');
  private readonly ways = {
    into: [
      button('Send to desktop', () => this.send(), 'main'),
      button('Paste from browser', () => void this.fetch())
    ],
    out: [button('Copy to browser', () => void this.take())]
  };
  private readonly switch = check(
    'Follow the browser’s clipboard',
    'Copy on one side, paste on the other with Ctrl+V.',
    clipboard => this.store.change({ clipboard })
  );

  constructor(
    private readonly clipboard: IClipboard,
    private readonly store: IPreferenceStore
  ) {
    this.first = element('textarea', 'Text');
    this.first.rows = 5;
    this.first.spellcheck = false;
    this.first.setAttribute(
      'aria-label',
      'The text on the desktop’s clipboard'
    );
    this.said.setAttribute('role', 'status');
    const buttons = element('div', 'Buttons');
    const { into, out } = this.ways;
    buttons.append(into[0], out[0], into[1]);
    this.node.append(this.first, buttons, this.said, this.switch.node);
  }

  refresh(): void {
    this.show();
    const noneIn = this.clipboard.lacks('clipboard-in');
    const noneOut = this.clipboard.lacks('clipboard-out');
    this.ways.into.forEach(each => (each.hidden = noneIn));
    this.ways.out.forEach(each => (each.hidden = noneOut));
    this.first.readOnly = noneIn;
    this.said.textContent = noneIn ? NONE_IN : noneOut ? NONE_OUT : '';
    this.switch.input.checked = this.store.current.clipboard;
  }

  /** Show the desktop's text, which has changed. */
  show(): void {
    this.first.value = this.clipboard.text;
  }

  private send(): void {
    this.clipboard.send(this.first.value);
    this.said.textContent = 'The desktop has it: paste it there.';
  }

  private async take(): Promise<void> {
    this.first.value = this.clipboard.text;
    const taken = await this.clipboard.take();
    this.said.textContent = taken
      ? 'The browser has it.'
      : 'The browser does not allow that: press Ctrl+C.';
    if (!taken) {
      this.first.select();
    }
  }

  private async fetch(): Promise<void> {
    const allowed = await this.clipboard.allow();
    this.show();
    this.said.textContent = allowed
      ? 'The desktop has it: paste it there.'
      : 'The browser does not allow that: press Ctrl+V in the field above, then send.';
  }
}

const NONE_IN = 'Nothing can be pasted into the desktop: this is switched off.';
const NONE_OUT =
  'Nothing can be copied from the desktop: this is switched off.';
