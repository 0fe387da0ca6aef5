import type { ClipboardLack, IClipboard } from '../panels/clipboard.js';
import { Signal } from '../../signal.js';
import { Clipboards, TOO_LONG } from './clipboardstate.js';

/** What is needed of the view. */
interface IClipboardHost {
  /** Put a text on the desktop's clipboard. */
  give(text: string): void;
  /** Press and let go the key that the user pressed to paste. */
  key(event: KeyboardEvent): void;
  /** Whether the clipboards are to follow each other. */
  follows(): boolean;
  /** Whether the server takes no texts from the browser, or gives none to it. */
  lacks(way: ClipboardLack): boolean;
  /** Show the user a sentence. */
  say(text: string): void;
}

/** How long the browser may take to deliver a pasted text, in ms. */
const PASTING = 60;

/**
 * Carries texts between the browser's clipboard and the desktop's.
 *
 * Reading the clipboard needs the user's permission, which Chromium remembers;
 * Firefox has no such permission. Every browser delivers what the user pastes.
 */
export class ClipboardSync implements IClipboard {
  /** Emitted when the desktop's text has changed. */
  readonly changed = new Signal();
  private readonly clipboards = new Clipboards();
  private pending: { event: KeyboardEvent; timer: number } | null = null;
  private readonly back = (): void => void this.meet();

  /** @param node what the keyboard's input goes through on its way. */
  constructor(
    node: HTMLElement,
    private readonly host: IClipboardHost
  ) {
    node.addEventListener('keydown', event => this.pressed(event), true);
    node.addEventListener('paste', event => this.pasted(event), true);
    node.addEventListener('pointerdown', () => void this.pay(), true);
    node.addEventListener('focusin', this.back);
    window.addEventListener('focus', this.back);
  }

  dispose(): void {
    window.removeEventListener('focus', this.back);
  }

  /** The text that the desktop has, as far as is known. */
  get text(): string {
    return this.clipboards.desktop ?? '';
  }

  /** See `IClipboard`. */
  lacks(way: ClipboardLack): boolean {
    return this.host.lacks(way);
  }

  /** The desktop has copied something. */
  copied(text: string): void {
    this.clipboards.onDesktop(text);
    this.changed.emit();
    if (this.host.follows()) {
      void this.pay();
    }
  }

  /** Forget the desktop's clipboard, because the connection is a new one. */
  restart(): void {
    this.clipboards.forgetDesktop();
  }

  /** Send a text that the user has given by hand. */
  send(text: string): void {
    this.judge(this.clipboards.pasted(text));
  }

  /** Write the desktop's text to the browser's clipboard, on a click. */
  async take(): Promise<boolean> {
    return this.write(this.text);
  }

  /** Ask for the permission to read, which browsers grant on a click. */
  async allow(): Promise<boolean> {
    try {
      this.judge(this.clipboards.pasted(await navigator.clipboard.readText()));
      return true;
    } catch {
      return false;
    }
  }

  /** The view has the focus again: bring both clipboards together. */
  private async meet(): Promise<void> {
    if (!this.host.follows() || !document.hasFocus()) {
      return;
    }
    if (this.takesTexts() && (await mayRead())) {
      try {
        const text = await navigator.clipboard.readText();
        this.judge(this.clipboards.inBrowser(text));
      } catch {
        // The view has lost the focus meanwhile; this runs again when it is back.
      }
    }
    // Nothing is owed if a newer text was copied elsewhere.
    await this.pay();
  }

  private takesTexts(): boolean {
    return this.host.follows() && !this.host.lacks('clipboard-in');
  }

  private judge(verdict: ReturnType<Clipboards['inBrowser']>): void {
    if (verdict === 'send') {
      this.host.give(this.text);
      this.changed.emit();
    } else if (verdict === 'too long') {
      this.host.say(TOO_LONG);
    }
  }

  /** Write the text that the browser's clipboard still lacks, if it may be now. */
  private async pay(): Promise<void> {
    const { owed } = this.clipboards;
    if (owed !== null && this.host.follows()) {
      await this.write(owed);
    }
  }

  /** Put a text on the browser's clipboard; return whether it worked. */
  async write(text: string): Promise<boolean> {
    const written = (await writeText(text)) || copyBySelection(text);
    if (written) {
      this.clipboards.written(text);
    }
    return written;
  }

  /**
   * On Ctrl+V, wait for the browser's text before sending the key to the
   * desktop, so that the program there finds the text.
   */
  private pressed(event: KeyboardEvent): void {
    if (!this.takesTexts() || !pastes(event) || !isCanvas(event.target)) {
      void this.pay();
      return;
    }
    event.stopImmediatePropagation();
    this.release();
    const timer = window.setTimeout(() => this.release(), PASTING);
    this.pending = { event, timer };
  }

  private pasted(event: ClipboardEvent): void {
    if (!this.pending) {
      return;
    }
    event.preventDefault();
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (text) {
      this.judge(this.clipboards.pasted(text));
    }
    this.release();
  }

  private release(): void {
    if (this.pending) {
      window.clearTimeout(this.pending.timer);
      this.host.key(this.pending.event);
      this.pending = null;
    }
  }
}

function pastes(event: KeyboardEvent): boolean {
  const withControl = event.ctrlKey || event.metaKey;
  return (
    (withControl && !event.altKey && event.code === 'KeyV') ||
    (event.shiftKey && !withControl && event.code === 'Insert')
  );
}

function isCanvas(target: EventTarget | null): boolean {
  return target instanceof HTMLCanvasElement;
}

async function mayRead(): Promise<boolean> {
  try {
    const name = 'clipboard-read' as PermissionName;
    const { state } = await navigator.permissions.query({ name });
    return state === 'granted';
  } catch {
    return false;
  }
}

async function writeText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The older way to copy; on a click it works without https, too. */
function copyBySelection(text: string): boolean {
  if (!navigator.userActivation?.isActive) {
    return false;
  }
  const onCopy = (event: ClipboardEvent): void => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener('copy', onCopy, true);
  try {
    return document.execCommand('copy');
  } finally {
    document.removeEventListener('copy', onCopy, true);
  }
}
