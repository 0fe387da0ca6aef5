import { element } from '../../dom.js';
import {
  ARROWS,
  FUNCTION_KEYS,
  IKey,
  SPECIAL,
  STICKY
} from '../input/keysyms.js';
import type { IContent } from '../panel.js';
import { button, press } from '../buttons.js';

/** Keys that a tablet lacks, or that the browser keeps for itself. */
export class KeysPanel implements IContent {
  readonly title = 'Special keys';
  readonly node = element('div', 'Column');
  private readonly held = new Map<IKey, HTMLButtonElement>();
  private readonly down = new Set<IKey>();

  /** @param key presses a key on the desktop, or lets it go. */
  constructor(private readonly key: (key: IKey, down: boolean) => void) {
    const sticky = row('Keys that stay down until the next key');
    for (const key of STICKY) {
      const made = button(key.label, () => this.toggle(key));
      press(made, false);
      this.held.set(key, made);
      sticky.append(made);
    }
    this.node.append(
      sticky,
      this.chords('Special keys', SPECIAL),
      this.chords('Arrow keys', ARROWS),
      this.chords('Function keys', FUNCTION_KEYS)
    );
  }

  /** A key was typed: release the keys that were down for it. */
  typed(): void {
    for (const key of [...this.down]) {
      this.toggle(key);
    }
  }

  /** Show all keys as released: the desktop was just connected. */
  reset(): void {
    this.down.clear();
    this.held.forEach(made => press(made, false));
  }

  private toggle(key: IKey): void {
    const isDown = !this.down.has(key);
    if (isDown) {
      this.down.add(key);
    } else {
      this.down.delete(key);
    }
    press(this.held.get(key)!, isDown);
    this.key(key, isDown);
  }

  private chords(
    label: string,
    chords: readonly (readonly IKey[])[]
  ): HTMLElement {
    const made = row(label);
    for (const chord of chords) {
      const name = chord.map(key => key.label).join('+');
      made.append(button(name, () => this.strike(chord)));
    }
    return made;
  }

  private strike(chord: readonly IKey[]): void {
    chord.forEach(key => this.key(key, true));
    [...chord].reverse().forEach(key => this.key(key, false));
    this.typed();
  }
}

function row(label: string): HTMLElement {
  const made = element('div', 'Keys');
  made.setAttribute('role', 'group');
  made.setAttribute('aria-label', label);
  return made;
}
