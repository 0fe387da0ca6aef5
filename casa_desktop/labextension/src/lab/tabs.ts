import type { WidgetTracker } from '@jupyterlab/apputils';
import { ISignal, Signal } from '@lumino/signaling';
import type { DesktopWidget } from './widget.js';

/** The tabs of this JupyterLab that show desktops. */
export class Views {
  private readonly news = new Signal<this, void>(this);
  private readonly turns = new Signal<this, void>(this);
  private latest: DesktopWidget | null = null;

  constructor(readonly tracker: WidgetTracker<DesktopWidget>) {
    tracker.widgetAdded.connect((_, widget) => this.take(widget));
    tracker.currentChanged.connect((_, widget) => {
      this.latest = widget ?? this.latest;
      this.news.emit();
    });
  }

  /** Emitted when a tab comes, goes, or has another status or other stats. */
  get changed(): ISignal<this, void> {
    return this.news;
  }

  /** Emitted when a tab begins or ceases to show its desktop. */
  get turned(): ISignal<this, void> {
    return this.turns;
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
        this.turns.emit();
      }
      this.news.emit();
    });
    widget.disposed.connect(() => {
      if (this.latest === widget) {
        this.latest = null;
      }
      // The tracker removes the widget too, possibly after this.
      queueMicrotask(() => {
        this.turns.emit();
        this.news.emit();
      });
    });
    this.news.emit();
  }
}
