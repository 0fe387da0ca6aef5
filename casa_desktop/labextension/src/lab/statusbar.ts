import type { IStatusBar } from '@jupyterlab/statusbar';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { MAIN } from '../server/names.js';
import { OPEN } from './opencommand.js';
import { IParts } from './context.js';
import { runningText, viewText } from './statustext.js';

/** Add the desktop's state to JupyterLab's status bar. */
export function addStatusItem(parts: IParts, bar: IStatusBar): void {
  const { desktops, views } = parts;
  const item = new StatusItem(parts);
  const changed = new Signal<StatusItem, void>(item);
  const update = (): void => {
    item.refresh();
    changed.emit();
  };
  desktops.changed.connect(update);
  views.changed.connect(update);
  bar.registerStatusItem('casa-desktop', {
    item,
    align: 'right',
    // Farther from the edge than JupyterLab's own items about the document.
    rank: 5,
    isActive: () => item.text !== '',
    activeStateChanged: changed
  });
}

/** A button with the state of the desktop that was used last. */
class StatusItem extends Widget {
  private readonly button = document.createElement('button');

  constructor(private readonly parts: IParts) {
    super();
    this.addClass('casa-desktop-StatusItem');
    this.addClass('jp-mod-highlighted');
    this.button.type = 'button';
    this.button.className = 'jp-StatusBar-TextItem';
    this.button.title = 'Show the CASA Desktop';
    this.button.addEventListener(
      'click',
      () => void parts.app.commands.execute(OPEN, { name: this.name })
    );
    this.node.append(this.button);
    this.refresh();
  }

  /** The text; '' hides the item. */
  get text(): string {
    return this.button.textContent ?? '';
  }

  refresh(): void {
    const { desktops, views } = this.parts;
    const view = views.current;
    const names = desktops.all.map(({ name }) => name);
    this.button.textContent = view
      ? viewText(view.desktop, view.status, view.stats, view.left)
      : names.length
        ? runningText(names)
        : '';
  }

  private get name(): string {
    const { desktops, views } = this.parts;
    return views.current?.desktop ?? desktops.all[0]?.name ?? MAIN;
  }
}
