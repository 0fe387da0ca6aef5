import type { Api } from '../server/api.js';
import { KeyboardCapture, RELEASE } from './input/keyboard.js';
import { ClipboardSync } from './input/clipboardsync.js';
import { Connection } from '../connection/connection.js';
import type { IHost, Lack } from './host.js';
import { IKey, STICKY } from './input/keysyms.js';
import { Signal } from '../signal.js';
import type { IStatus } from '../connection/state.js';
import { IStats, NO_STATS } from '../connection/stats.js';
import { comeback } from '../connection/statetext.js';

/** A desktop in use: its connection, keyboard and clipboard. */
export class Session {
  readonly clipboard: ClipboardSync;
  readonly connection: Connection;
  /** Emitted with each new status, once the session has reacted to it. */
  readonly statusChanged = new Signal<IStatus>();
  /** Emitted when the keyboard is the user's again. */
  readonly released = new Signal();
  /** Emitted when a key was typed on the desktop. */
  readonly typed = new Signal();
  /** Emitted with a sentence for the user. */
  readonly said = new Signal<string>();
  /** What was known of the connection when it was last measured. */
  stats: IStats = NO_STATS;
  /** Whether the desktop can be looked at only. */
  viewOnly: boolean;
  private readonly owned: boolean;
  private capture: KeyboardCapture | null = null;
  private visible = true;

  /** @param screen the element that the canvas fills. */
  constructor(
    api: Api,
    private readonly name: string,
    private readonly screen: HTMLElement,
    private readonly host: IHost
  ) {
    this.owned = !host.lacks?.includes('ownership');
    this.viewOnly = !this.owned;
    this.clipboard = new ClipboardSync(screen, {
      give: text => this.connection.rfb?.paste(text),
      key: event => this.pasteKey(event),
      follows: () => host.preferences.current.clipboard && !this.viewOnly,
      lacks: what => this.lacks(what),
      say: text => this.said.emit(text)
    });
    this.connection = new Connection(api, name, screen, {
      preferences: () => host.preferences.current,
      seen: () => this.visible
    });
    this.connection.statusChanged.connect(status => this.changed(status));
    const { signals } = this.connection;
    signals.made.connect(canvas => this.dress(canvas));
    signals.copied.connect(text => this.clipboard.copied(text));
    signals.audience.connect(({ viewOnly }) => {
      this.viewOnly = viewOnly || !this.owned;
      this.measure();
    });
    signals.measured.connect(() => this.measure());
  }

  /** Whether something is not to be had here, or was switched off. */
  lacks(what: Lack): boolean {
    return (
      this.host.lacks?.includes(what) || this.connection.lacks.includes(what)
    );
  }

  /** Give the keyboard to the desktop. */
  focus(): void {
    this.connection.rfb?.focus();
  }

  /** Set whether the view can be seen. */
  show(visible: boolean): void {
    this.visible = visible;
    this.connection.rfb?.link.show(visible);
    if (visible) {
      this.connection.look();
    }
  }

  /** The user's preferences have changed. */
  prefer(): void {
    const { current } = this.host.preferences;
    this.connection.rfb?.prefer(current);
    // Keys belong to the desktop: Lumino handles no shortcuts in here.
    if (current.keyboard) {
      this.screen.dataset.lmSuppressShortcuts = 'true';
    } else {
      delete this.screen.dataset.lmSuppressShortcuts;
    }
  }

  /** Press a key, or let it go; both if `down` is left out. */
  key({ keysym, code }: Omit<IKey, 'label'>, down?: boolean): void {
    this.connection.rfb?.key(keysym, code || null, down);
  }

  dispose(): void {
    this.clipboard.dispose();
    this.connection.dispose();
  }

  private changed(status: IStatus): void {
    if (status.phase === 'connected') {
      this.begin();
      const back = comeback(status);
      if (back) {
        this.said.emit(back);
      }
    }
    this.statusChanged.emit(status);
  }

  private measure(): void {
    this.stats = this.connection.rfb?.link.stats ?? NO_STATS;
  }

  private begin(): void {
    const { rfb } = this.connection;
    this.clipboard.restart();
    rfb?.link.show(this.visible);
  }

  private dress(canvas: HTMLCanvasElement): void {
    canvas.setAttribute('role', 'application');
    canvas.setAttribute('aria-label', `CASA Desktop ${this.name}`);
    canvas.setAttribute('aria-description', RELEASE);
    this.capture = new KeyboardCapture(canvas, {
      captures: () => this.host.preferences.current.keyboard,
      released: () => this.released.emit(),
      typed: () => this.typed.emit()
    });
  }

  /** Send the V of Ctrl+V, after the clipboard was sent. */
  private pasteKey({ code, shiftKey, metaKey }: KeyboardEvent): void {
    const key = code === 'KeyV' ? (shiftKey ? SHIFT_V : V) : INSERT;
    if (metaKey) {
      // A Mac's command key means nothing to the desktop's programs.
      this.capture?.letGo();
      this.key(STICKY[0], true);
      this.key(key);
      this.key(STICKY[0], false);
    } else {
      this.key(key);
    }
    this.typed.emit();
  }
}

const V = { keysym: 0x76, code: 'KeyV' };
const SHIFT_V = { keysym: 0x56, code: 'KeyV' };
const INSERT = { keysym: 0xff63, code: 'Insert' };
