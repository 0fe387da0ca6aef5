import { Api } from './api.js';
import { Connection } from './connection.js';
import type { IHost } from './host.js';
import { INITIAL, IStatus } from './machine.js';
import { IStats, NO_STATS } from './stats.js';
import { words } from './words.js';

/**
 * A desktop in an element: the canvas, and over it what there is to say.
 *
 * The page and JupyterLab's tab are both made of this. The element bears the
 * phase as `data-state`.
 */
export class View {
  /** The root of it, to be put into a page by the caller. */
  readonly node = element('div', 'casa-desktop-View');
  private readonly screen = element('div', 'casa-desktop-Screen');
  private readonly card = element('div', 'casa-desktop-Card');
  private readonly headline = element('p', 'casa-desktop-Headline');
  private readonly detail = element('p', 'casa-desktop-Detail');
  private readonly button = element('button', 'casa-desktop-Button');
  private readonly connection: Connection;
  private keen = false;
  /** What is shown just now. */
  status: IStatus = INITIAL;
  /** What is known of the connection just now. */
  stats: IStats = NO_STATS;
  /** Called whenever `stats` has changed. */
  statsChanged: (() => void) | null = null;

  /** @param changed called with each new status, after it is shown. */
  constructor(
    private readonly api: Api,
    private readonly name: string,
    protected readonly host: IHost,
    private readonly changed?: (status: IStatus) => void
  ) {
    this.assemble();
    this.connection = new Connection(api, name, this.screen, status =>
      this.show(status)
    );
    this.button.addEventListener('click', () => this.open());
  }

  /** Start the desktop unless it runs, and show it. Call it once attached. */
  open(): void {
    this.connection.open();
  }

  /** Try again at once if it has failed or waits; else leave it alone. */
  reopen(): void {
    this.connection.reopen();
  }

  /**
   * Give the keyboard to the desktop, or to the button if there is one. A
   * desktop that is not there yet gets it later, unless the user has begun to
   * type elsewhere by then.
   */
  focus(): void {
    this.keen = true;
    if (this.button.hidden) {
      this.connection.focus();
    } else {
      this.button.focus();
    }
  }

  /** Say whether the view can be seen: a hidden one asks for no picture. */
  setVisible(visible: boolean): void {
    this.node.dataset.visible = String(visible);
  }

  /** A PNG of the whole desktop, as its X server has it. */
  snapshot(): Promise<Blob> {
    return this.api.screenshot(this.name);
  }

  /** Close the connection and leave the desktop running. */
  dispose(): void {
    this.connection.dispose();
    this.node.remove();
  }

  private assemble(): void {
    // Keys belong to the desktop: Lumino takes no shortcut from in here.
    this.screen.dataset.lmSuppressShortcuts = 'true';
    this.headline.setAttribute('role', 'status');
    this.headline.setAttribute('aria-live', 'polite');
    this.button.type = 'button';
    this.button.hidden = true;
    this.card.append(this.headline, this.detail, this.button);
    this.node.append(this.screen, this.card);
  }

  private show(status: IStatus): void {
    const { headline, detail, button } = words(status);
    this.status = status;
    this.node.dataset.state = status.phase;
    this.headline.textContent = headline;
    this.detail.textContent = detail;
    this.button.textContent = button;
    this.button.hidden = !button;
    if (status.phase === 'connected' && this.keen && this.keyboardIsFree()) {
      this.connection.focus();
    }
    this.changed?.(status);
  }

  private keyboardIsFree(): boolean {
    const { activeElement, body } = document;
    return activeElement === body || this.node.contains(activeElement);
  }
}

function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
