import NoVNC from '@novnc/novnc';
import type { IAudience } from './controlmessages.js';
import type { IClosing } from '../rfb/channel.js';
import { element } from '../dom.js';
import { Link } from './link.js';
import type { IPreferences } from './preferences.js';
import { Overlay } from '../video/overlay.js';
import type { DesktopSignals } from './signals.js';
import type { Socket } from '../server/socket.js';
import { wanted } from '../picture/sizes.js';

/** Beginning and end of one connection; each connection closes once. */
interface ICallbacks {
  connected(): void;
  closed(closing: IClosing): void;
}

const LATIN = /^[\0-\xff]*$/;

/** How long a server may take to announce its kind of clipboard, in ms. */
const PATIENCE = 5_000;

/**
 * One RFB connection, shown inside an element: the only user of noVNC.
 *
 * It connects when it is made, and cannot be used again once it has closed.
 *
 * noVNC is patched (`patches/novnc.patch`): when it is loaded, it would decode
 * a film to find out whether H.264 works, and no code that imports it would run
 * before. That took a quarter of the time to the first picture, and no Xvnc
 * sends H.264.
 */
export class Rfb {
  readonly link: Link;
  private readonly rfb: NoVNC;
  private readonly frame = element('div', 'Frame');
  private readonly observer: ResizeObserver;
  private reason = '';
  private sharp = true;
  private drawing: number | undefined;
  private unicode = false;
  private unsent: string | null = null;

  /**
   * @param target the element that the canvas fills; the desktop follows its
   *   size while this view controls it, and is scaled to it otherwise.
   * @param socket the way to the desktop, just being opened.
   */
  constructor(
    private readonly target: HTMLElement,
    socket: Socket,
    preferences: IPreferences,
    private readonly callbacks: ICallbacks,
    private readonly signals: DesktopSignals
  ) {
    const events = {
      sized: () => this.sized(),
      unicode: () => this.mayPaste(),
      audience: (audience: IAudience) => this.meet(audience)
    };
    this.link = new Link(socket, events, signals);
    target.append(this.frame);
    this.rfb = new NoVNC(this.frame, this.link.channel, { shared: true });
    const canvas = this.frame.querySelector('canvas')!;
    this.link.video.cover(new Overlay(target, canvas));
    signals.made.emit(canvas);
    this.set();
    this.listen();
    this.observer = new ResizeObserver(() => this.follow());
    this.observer.observe(target);
    this.prefer(preferences);
  }

  /** Send the keyboard's input to the desktop. */
  focus(): void {
    this.rfb.focus({ preventScroll: true });
  }

  /** Close the connection; `closed` is called when that is done. */
  close(): void {
    this.rfb.disconnect();
  }

  /** Press a key, or let it go; both if `down` is left out. */
  key(keysym: number, code: string | null, down?: boolean): void {
    this.rfb.sendKey(keysym, code, down);
  }

  /** Put a text on the desktop's clipboard. */
  paste(text: string): void {
    // Until the server has announced its kind of clipboard, noVNC replaces
    // characters that are not in Latin-1 by question marks.
    if (this.unicode || LATIN.test(text)) {
      this.unsent = null;
      this.rfb.clipboardPasteFrom(text);
    } else {
      this.unsent = text;
    }
  }

  private mayPaste(): void {
    // noVNC reads the same message later in this task.
    queueMicrotask(() => {
      this.unicode = true;
      if (this.unsent !== null) {
        this.paste(this.unsent);
      }
    });
  }

  /** Take control of the size from the view that has it. */
  takeControl(): void {
    this.link.channel.tell({ type: 'control' });
  }

  /** The user's preferences have changed. */
  prefer({ quality, sharp }: IPreferences): void {
    this.link.choose(quality);
    this.sharp = sharp;
    this.rescale();
  }

  /** The screen's pixels per CSS pixel have changed. */
  rescale(): void {
    this.tellScale();
    this.follow();
  }

  private get ratio(): number {
    return this.sharp ? window.devicePixelRatio : 1;
  }

  private set(): void {
    this.rfb.scaleViewport = true;
    this.rfb.clipViewport = false;
    this.rfb.resizeSession = false;
    this.rfb.showDotCursor = true;
    this.rfb.focusOnClick = true;
    this.rfb.background = 'transparent';
  }

  /** At most one step per animation frame, however often the size changes. */
  private follow(): void {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = undefined;
      this.measure();
      this.link.ask();
      this.fit();
      this.link.video.place();
    });
  }

  private measure(): void {
    const { width, height } = this.target.getBoundingClientRect();
    this.link.sizes.want(wanted(width, height, this.ratio));
  }

  private sized(): void {
    this.measure();
    this.fit();
    // Later in this task: noVNC reads the same chunk first.
    queueMicrotask(() => this.link.ask());
  }

  /** Show the picture pixel by pixel if it has the view's size; else scale it. */
  private fit(): void {
    const { fits, current } = this.link.sizes;
    const { style } = this.frame;
    style.width = fits ? `${current!.width / this.ratio}px` : '100%';
    style.height = fits ? `${current!.height / this.ratio}px` : '100%';
  }

  private meet(audience: IAudience): void {
    this.rfb.viewOnly = audience.viewOnly;
    this.rescale();
    this.signals.audience.emit(audience);
  }

  private tellScale(): void {
    if (this.link.audience.controls) {
      const ratio = Math.min(Math.max(this.ratio, 1), 4);
      this.link.channel.tell({ type: 'scale', ratio });
    }
  }

  private listen(): void {
    const { rfb, callbacks, signals } = this;
    rfb.addEventListener('connect', () => {
      // A server without the extended clipboard gets the text as it can.
      window.setTimeout(() => this.mayPaste(), PATIENCE);
      callbacks.connected();
    });
    rfb.addEventListener('clipboard', event =>
      signals.copied.emit(event.detail.text)
    );
    rfb.addEventListener('securityfailure', event => {
      this.reason = event.detail.reason ?? '';
    });
    rfb.addEventListener('disconnect', () => {
      this.observer.disconnect();
      this.link.dispose();
      this.frame.remove();
      const closing = this.link.channel.closing ?? { code: 1005, reason: '' };
      callbacks.closed(
        this.reason ? { ...closing, reason: this.reason } : closing
      );
    });
  }
}
