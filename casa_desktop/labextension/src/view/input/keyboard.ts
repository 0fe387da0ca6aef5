/** What keyboard capture needs of the view. */
interface IKeyboardHost {
  /** Whether every key goes to the desktop. */
  captures(): boolean;
  /** The user wants the keyboard back. */
  released(): void;
  /** A key other than Ctrl, Alt and the like was pressed on the desktop. */
  typed(): void;
}

/** The sentence on how to get the keyboard back. */
export const RELEASE = 'Press Ctrl, Alt and Shift together to leave it.';

const MODIFIERS = ['Control', 'Alt', 'Shift', 'Meta', 'AltGraph'];

/** Decides which keys of the canvas reach noVNC, and which the browser. */
export class KeyboardCapture {
  private readonly down = new Map<string, string>();

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly host: IKeyboardHost
  ) {
    // The canvas's first listeners: noVNC adds its own once it is connected.
    canvas.addEventListener('keydown', event => this.pressed(event));
    canvas.addEventListener('keyup', event => this.down.delete(event.code));
    canvas.addEventListener('blur', () => this.letGo());
  }

  /** Release on the desktop all keys that are down: their keyup may be lost. */
  letGo(): void {
    for (const [code, key] of [...this.down]) {
      this.canvas.dispatchEvent(new KeyboardEvent('keyup', { code, key }));
    }
    this.down.clear();
  }

  private pressed(event: KeyboardEvent): void {
    if (!event.isTrusted) {
      return;
    }
    if (releases(event)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.letGo();
      this.host.released();
    } else if (!this.host.captures() && isShortcut(event)) {
      // For the browser. JupyterLab listens on the document and has had it.
      event.stopImmediatePropagation();
      this.letGo();
    } else {
      this.down.set(event.code, event.key);
      if (!MODIFIERS.includes(event.key)) {
        queueMicrotask(() => this.host.typed());
      }
    }
  }
}

/** Whether a key completes the chord that gives the keyboard back. */
function releases(event: KeyboardEvent): boolean {
  const isChord = event.ctrlKey && event.altKey && event.shiftKey;
  return isChord && MODIFIERS.includes(event.key);
}

/** Whether a key is likelier meant for the browser than for a program. */
function isShortcut(event: KeyboardEvent): boolean {
  if (MODIFIERS.includes(event.key)) {
    return false;
  }
  const isText = event.getModifierState('AltGraph');
  const modified = event.ctrlKey || event.altKey || event.metaKey;
  return (modified && !isText) || /^F\d+$/.test(event.key);
}
