import NoVNC from '@novnc/novnc';

/** What noVNC says about one connection; each connection closes once. */
export interface ICallbacks {
  connected(): void;
  closed(reason?: string): void;
}

/**
 * One RFB connection, shown inside an element: the only user of noVNC.
 *
 * It connects when it is made, and is of no more use once it has closed.
 */
export class Rfb {
  private readonly rfb: NoVNC;
  private readonly sizes: ResizeObserver;
  private reason: string | undefined;

  /**
   * @param target the element that the canvas fills; the desktop follows its size.
   * @param url the websocket's URL.
   */
  constructor(
    private readonly target: HTMLElement,
    url: string,
    callbacks: ICallbacks
  ) {
    // Made before noVNC's own observer, so that it is asked first.
    this.sizes = new ResizeObserver(() => this.follow());
    this.sizes.observe(target);
    this.rfb = new NoVNC(target, url, { shared: true });
    this.rfb.scaleViewport = false;
    this.rfb.clipViewport = false;
    // A pixel of a radio image may carry a mask's edge: prefer sharpness, and
    // spare the server's processor, for it has tclean to run.
    this.rfb.qualityLevel = 8;
    this.rfb.compressionLevel = 2;
    this.rfb.showDotCursor = true;
    this.rfb.focusOnClick = true;
    this.rfb.background = 'transparent';
    this.follow();
    this.listen(callbacks);
  }

  /** Send the keyboard's input to the desktop. */
  focus(): void {
    this.rfb.focus();
  }

  /** Close the connection; `closed` is called when that is done. */
  close(): void {
    this.rfb.disconnect();
  }

  /** A hidden tab has no size, and Xvnc refuses a desktop of 0 x 0 pixels. */
  private follow(): void {
    const { clientWidth, clientHeight } = this.target;
    this.rfb.resizeSession = clientWidth > 0 && clientHeight > 0;
  }

  private listen(callbacks: ICallbacks): void {
    this.rfb.addEventListener('connect', () => callbacks.connected());
    this.rfb.addEventListener('securityfailure', event => {
      this.reason = event.detail.reason;
    });
    this.rfb.addEventListener('disconnect', () => {
      this.sizes.disconnect();
      callbacks.closed(this.reason);
    });
  }
}
