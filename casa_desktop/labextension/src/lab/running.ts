import type {
  IRunningSessionManagers,
  IRunningSessions
} from '@jupyterlab/running';
import { Signal } from '@lumino/signaling';
import type { IDesktop } from '../server/api.js';
import { OPEN } from './opencommand.js';
import { CONTEXT, DOWNLOAD, RESTART, STOP } from './commands.js';
import { desktopIcon } from './icon.js';
import { MOVE } from './host.js';
import type { IParts } from './context.js';

const ITEM = 'casa-desktop-RunningItem';

/** Add the desktops to JupyterLab's list of what runs. */
export function addRunning(
  parts: IParts,
  managers: IRunningSessionManagers
): void {
  managers.add(new RunningDesktops(parts));
  [RESTART, MOVE, DOWNLOAD, STOP].forEach((command, rank) =>
    parts.app.contextMenu.addItem({
      command,
      args: { isContextMenu: true },
      selector: `.${ITEM}`,
      rank
    })
  );
}

class RunningDesktops implements IRunningSessions.IManager {
  readonly name = 'CASA Desktops';
  readonly shutdownLabel = 'Stop the desktop, its windows and its terminals';
  readonly shutdownAllLabel = 'Stop All';
  readonly shutdownAllConfirmationText =
    'Stop all CASA Desktops? The windows on them are closed, and what is not saved in them is lost.';
  readonly runningChanged = new Signal<this, void>(this);

  constructor(private readonly parts: IParts) {
    const changed = (): void => this.runningChanged.emit();
    parts.desktops.changed.connect(changed);
    parts.views.turned.connect(changed);
  }

  running(): IRunningSessions.IRunningItem[] {
    return this.parts.desktops.running.map(desktop => this.item(desktop));
  }

  refreshRunning(): void {
    void this.parts.desktops.refresh();
  }

  shutdownAll(): void {
    for (const { name } of this.parts.desktops.running) {
      this.stop(name);
    }
  }

  private item({
    name,
    display,
    started
  }: IDesktop): IRunningSessions.IRunningItem {
    const { commands } = this.parts.app;
    const since = new Date(started).toLocaleString();
    const view = this.parts.views.find(name);
    return {
      className: ITEM,
      context: `${CONTEXT}${name}`,
      icon: () => desktopIcon,
      label: () => name,
      labelTitle: () =>
        `CASA Desktop ${name}\nDisplay: ${display}\nStarted: ${since}`,
      detail: () => (view ? 'shown' : ''),
      open: () => void commands.execute(OPEN, { name }),
      shutdown: () => this.stop(name)
    };
  }

  private stop(name: string): void {
    // Without a question, as JupyterLab does for kernels.
    const { commands } = this.parts.app;
    void commands.execute(STOP, { name, confirm: false });
  }
}
