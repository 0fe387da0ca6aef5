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
  private reason: string | undefined;

  /**
   * @param target the element that the canvas fills.
   * @param url the websocket's URL.
   * @param resize whether the desktop follows the element's size.
   */
  constructor(
    target: HTMLElement,
    url: string,
    resize: boolean,
    callbacks: ICallbacks
  ) {
    this.rfb = new NoVNC(target, url, { shared: true });
    this.rfb.scaleViewport = false;
    this.rfb.clipViewport = false;
    this.rfb.resizeSession = resize;
    // A pixel of a radio image may carry a mask's edge: prefer sharpness, and
    // spare the server's processor, for it has tclean to run.
    this.rfb.qualityLevel = 8;
    this.rfb.compressionLevel = 2;
    this.rfb.showDotCursor = true;
    this.rfb.focusOnClick = true;
    this.rfb.background = 'transparent';
    this.listen(callbacks);
  }

  /** Whether the desktop follows the element's size. */
  set resize(resize: boolean) {
    this.rfb.resizeSession = resize;
  }

  /** Send the keyboard's input to the desktop. */
  focus(): void {
    this.rfb.focus();
  }

  /** Close the connection; `closed` is called when that is done. */
  close(): void {
    this.rfb.disconnect();
  }

  private listen(callbacks: ICallbacks): void {
    this.rfb.addEventListener('connect', () => callbacks.connected());
    this.rfb.addEventListener('securityfailure', event => {
      this.reason = event.detail.reason;
    });
    this.rfb.addEventListener('disconnect', () =>
      callbacks.closed(this.reason)
    );
  }
}
