import type {
  IRunningSessionManagers,
  IRunningSessions
} from '@jupyterlab/running';
import type { IDesktop } from '../server/api.js';
import { OPEN } from './opencommand.js';
import { CONTEXT, DOWNLOAD, RESTART, STOP } from './commands.js';
import { desktopIcon } from './icon.js';
import { MOVE } from './host.js';
import type { IParts } from './context.js';
import { addSection, RunningList } from './runninglist.js';

const ITEM = 'casa-desktop-RunningItem';

/** Add the desktops to JupyterLab's list of what runs. */
export function addRunning(
  parts: IParts,
  managers: IRunningSessionManagers
): void {
  const commands = [RESTART, MOVE, DOWNLOAD, STOP];
  addSection(parts, managers, new RunningDesktops(parts), ITEM, commands);
}

class RunningDesktops extends RunningList<IDesktop> {
  readonly name = 'CASA Desktops';
  readonly shutdownLabel = 'Stop the desktop, its windows and its terminals';
  readonly shutdownAllLabel = 'Stop All';
  readonly shutdownAllConfirmationText =
    'Stop all CASA Desktops? The windows on them are closed, and what is not saved in them is lost.';

  constructor(parts: IParts) {
    super(parts, parts.desktops);
    parts.views.turned.connect(() => this.runningChanged.emit());
  }

  protected override item(desktop: IDesktop): IRunningSessions.IRunningItem {
    const { name, display, started } = desktop;
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
      shutdown: () => this.stop(desktop)
    };
  }

  protected override stop({ name }: IDesktop): void {
    const { commands } = this.parts.app;
    void commands.execute(STOP, { name, confirm: false });
  }
}
