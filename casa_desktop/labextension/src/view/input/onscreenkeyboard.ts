import { element } from '../../dom.js';
import { BACKSPACE, keysymOf, typed } from './keysyms.js';

// An on-screen keyboard deletes only where there is something to delete.
const FILLER = '_'.repeat(32);

/** A hidden field that opens a tablet's on-screen keyboard. */
export class OnScreenKeyboard {
  readonly node = element('textarea', 'Typing');
  private before = FILLER;

  /** @param key presses a key on the desktop and lets it go. */
  constructor(private readonly key: (keysym: number) => void) {
    this.node.setAttribute('aria-label', 'Type on the desktop');
    this.node.autocapitalize = 'off';
    this.node.autocomplete = 'off';
    this.node.spellcheck = false;
    this.node.tabIndex = -1;
    this.node.addEventListener('input', () => this.input());
    this.node.addEventListener('focus', () => this.fill());
  }

  /** Open the on-screen keyboard, or close it. */
  toggle(): void {
    if (document.activeElement === this.node) {
      this.node.blur();
    } else {
      this.node.focus({ preventScroll: true });
    }
  }

  private input(): void {
    const { deleted, inserted } = typed(this.before, this.node.value);
    for (let n = 0; n < deleted; n++) {
      this.key(BACKSPACE);
    }
    for (const character of inserted) {
      this.key(keysymOf(character));
    }
    this.before = this.node.value;
    if (this.before.length < 8 || this.before.length > 256) {
      this.fill();
    }
  }

  private fill(): void {
    this.node.value = this.before = FILLER;
    this.node.setSelectionRange(FILLER.length, FILLER.length);
  }
}
