import type { Api } from '../server/api.js';
import { Capture, RELEASE } from './input/keyboard.js';
import { Clipper } from './input/clipboardsync.js';
import { Connection } from '../connection/connection.js';
import type { IHost } from './host.js';
import { IKey, STICKY } from './input/keysyms.js';
import type { IStatus } from '../connection/state.js';
import { IStats, NO_STATS } from '../connection/stats.js';
import { comeback } from '../connection/statetext.js';

/** What a session tells the view of. */
export interface ISessionEvents {
  changed(status: IStatus): void;
  /** The statistics, or who may do what, have changed. */
  measured(): void;
  /** The keyboard is the user's again. */
  released(): void;
  /** A key was typed on the desktop. */
  typed(): void;
  /** The desktop's clipboard has another text. */
  clipboard(): void;
  wantsToOpen(url: string): void;
  say(text: string): void;
}

/** A desktop in use: its connection, its keyboard and its clipboard. */
export class Session {
  readonly clipper: Clipper;
  readonly connection: Connection;
  stats: IStats = NO_STATS;
  /** Whether the desktop can be looked at only. */
  viewOnly: boolean;
  private readonly owned: boolean;
  private capture: Capture | null = null;
  private visible = true;

  /** @param screen the element that the canvas fills. */
  constructor(
    api: Api,
    private readonly name: string,
    private readonly screen: HTMLElement,
    private readonly host: IHost,
    private readonly events: ISessionEvents
  ) {
    this.owned = !host.lacks?.includes('ownership');
    this.viewOnly = !this.owned;
    this.clipper = new Clipper(screen, {
      give: text => this.connection.rfb?.paste(text),
      key: event => this.pasteKey(event),
      follows: () => host.preferences.current.clipboard && !this.viewOnly,
      follow: clipboard => host.preferences.change({ clipboard }),
      say: text => events.say(text),
      shown: () => events.clipboard()
    });
    this.connection = new Connection(api, name, screen, {
      changed: status => this.changed(status),
      preferences: () => host.preferences.current,
      seen: () => this.visible,
      audience: ({ viewOnly }) => {
        this.viewOnly = viewOnly || !this.owned;
        this.measured();
      },
      wantsToOpen: url => events.wantsToOpen(url),
      copied: text => this.clipper.copied(text),
      measured: () => this.measured(),
      made: canvas => this.dress(canvas)
    });
  }

  /** Give the keyboard to the desktop. */
  focus(): void {
    this.connection.rfb?.focus();
  }

  /** The view can be seen, or not. */
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
    // Keys belong to the desktop: Lumino takes no shortcut from in here.
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
    this.clipper.dispose();
    this.connection.dispose();
  }

  private changed(status: IStatus): void {
    if (status.phase === 'connected') {
      this.begin();
      const back = comeback(status);
      if (back) {
        this.events.say(back);
      }
    }
    this.events.changed(status);
  }

  private begin(): void {
    const { rfb } = this.connection;
    this.clipper.restart();
    rfb?.link.show(this.visible);
  }

  private dress(canvas: HTMLCanvasElement): void {
    canvas.setAttribute('role', 'application');
    canvas.setAttribute('aria-label', `CASA Desktop ${this.name}`);
    canvas.setAttribute('aria-description', RELEASE);
    this.capture = new Capture(canvas, {
      captures: () => this.host.preferences.current.keyboard,
      released: () => this.events.released(),
      typed: () => this.events.typed()
    });
  }

  private measured(): void {
    this.stats = this.connection.rfb?.link.stats ?? NO_STATS;
    this.events.measured();
  }

  /** The V of Ctrl+V, after the clipboard has gone before it. */
  private pasteKey({ code, shiftKey, metaKey }: KeyboardEvent): void {
    const key = code === 'KeyV' ? (shiftKey ? SHIFT_V : V) : INSERT;
    if (metaKey) {
      // A Mac's command key, which the desktop's programs do not know.
      this.capture?.letGo();
      this.key(STICKY[0], true);
      this.key(key);
      this.key(STICKY[0], false);
    } else {
      this.key(key);
    }
    this.events.typed();
  }
}

const V = { keysym: 0x76, code: 'KeyV' };
const SHIFT_V = { keysym: 0x56, code: 'KeyV' };
const INSERT = { keysym: 0xff63, code: 'Insert' };
