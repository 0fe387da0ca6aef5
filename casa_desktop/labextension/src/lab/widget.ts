import { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { Api } from '../server/api.js';
import { titleOf } from '../server/names.js';
import type { IHost } from '../view/host.js';
import { desktopIcon } from './icon.js';
import type { IStatus } from '../connection/state.js';
import type { IStats } from '../connection/stats.js';
import { View } from '../view/view.js';

/**
 * A desktop in a tab of JupyterLab's main area.
 *
 * It connects when it is first seen, or just before; a tab that is restored in
 * the background starts nothing. Closing the tab leaves the desktop running.
 */
export class DesktopWidget extends Widget {
  /** Whether the next activation takes the keyboard; it does by default. */
  takesFocus = true;
  private readonly view: View;
  private opened = false;
  /** Emitted when the status or the stats have changed. */
  readonly changed = new Signal<this, void>(this);

  constructor(
    api: Api,
    readonly desktop: string,
    host: IHost
  ) {
    super();
    this.id = `casa-desktop-${desktop}`;
    this.addClass('casa-desktop-Widget');
    this.title.label = titleOf(desktop);
    this.title.caption = 'The CASA tools on their own desktop';
    this.title.icon = desktopIcon;
    this.title.closable = true;
    this.view = new View(api, desktop, host);
    this.view.statusChanged.connect(() => this.changed.emit());
    this.view.statsChanged.connect(() => this.changed.emit());
    this.node.append(this.view.node);
  }

  /** The status that the tab shows. */
  get status(): IStatus {
    return this.view.status;
  }

  /** What is left of memory and time, in words. */
  get left(): string {
    return this.view.left;
  }

  /** The statistics of its connection. */
  get stats(): IStats {
    return this.view.stats;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.view.dispose();
    }
    super.dispose();
  }

  /**
   * Start the desktop unless it runs. Called before the tab is laid out, so that
   * the server works meanwhile.
   */
  open(): void {
    if (!this.opened) {
      this.opened = true;
      this.view.open();
    }
  }

  /** Reconnect at once if needed: the desktop was asked for again. */
  reopen(): void {
    this.view.reopen();
  }

  /** A closed tab is gone: the next one connects anew. */
  protected override onCloseRequest(message: Message): void {
    super.onCloseRequest(message);
    this.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.seen();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.seen();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.view.setVisible(false);
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    if (this.takesFocus) {
      this.view.focus();
    }
    this.takesFocus = true;
  }

  private seen(): void {
    this.view.setVisible(this.isVisible);
    if (this.isVisible) {
      this.open();
    }
  }
}
