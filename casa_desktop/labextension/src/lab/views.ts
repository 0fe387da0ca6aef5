import type { WidgetTracker } from '@jupyterlab/apputils';
import { Signal } from '@lumino/signaling';
import type { DesktopWidget } from './widget.js';

/** The tabs of this JupyterLab that show desktops. */
export class Views {
  /** Emitted when a tab comes, goes, or has another status or other stats. */
  readonly changed = new Signal<this, void>(this);
  /** Emitted when a tab begins or ceases to show its desktop. */
  readonly turned = new Signal<this, void>(this);
  private latest: DesktopWidget | null = null;

  constructor(readonly tracker: WidgetTracker<DesktopWidget>) {
    tracker.widgetAdded.connect((_, widget) => this.take(widget));
    tracker.currentChanged.connect((_, widget) => {
      this.latest = widget ?? this.latest;
      this.changed.emit();
    });
  }

  /** The tab that was used last, or else any there is. */
  get current(): DesktopWidget | null {
    return this.latest ?? this.tracker.find(() => true) ?? null;
  }

  /** The tab of the desktop `name`. */
  find(name: string): DesktopWidget | undefined {
    return this.tracker.find(({ desktop }) => desktop === name);
  }

  private take(widget: DesktopWidget): void {
    let { phase } = widget.status;
    widget.changed.connect(() => {
      if (widget.status.phase !== phase) {
        phase = widget.status.phase;
        this.turned.emit();
      }
      this.changed.emit();
    });
    widget.disposed.connect(() => {
      if (this.latest === widget) {
        this.latest = null;
      }
      // The tracker removes the widget too, possibly after this.
      queueMicrotask(() => {
        this.turned.emit();
        this.changed.emit();
      });
    });
    this.changed.emit();
  }
}
