import type {
  IRunningSessionManagers,
  IRunningSessions
} from '@jupyterlab/running';
import { Signal } from '@lumino/signaling';
import type { IParts } from './context.js';
import type { ServerList } from './serverlist.js';

/** A list of the server's as a section of JupyterLab's list of what runs. */
export abstract class RunningList<T> implements IRunningSessions.IManager {
  abstract readonly name: string;
  abstract readonly shutdownAllLabel: string;
  abstract readonly shutdownAllConfirmationText: string;
  abstract readonly shutdownLabel:
    string | ((item: IRunningSessions.IRunningItem) => string);
  readonly runningChanged = new Signal<this, void>(this);

  constructor(
    protected readonly parts: IParts,
    protected readonly list: ServerList<T>
  ) {
    list.changed.connect(() => this.runningChanged.emit());
  }

  running(): IRunningSessions.IRunningItem[] {
    return this.list.all.map(each => this.item(each));
  }

  refreshRunning(): void {
    void this.list.refresh();
  }

  shutdownAll(): void {
    this.list.all.forEach(each => this.stop(each));
  }

  /** How one is shown. */
  protected abstract item(each: T): IRunningSessions.IRunningItem;

  /** Stop one without a question, as JupyterLab does for kernels. */
  protected abstract stop(each: T): void;
}

/**
 * Add a section to the list of what runs.
 *
 * @param item the class of its items, whose context menu has `commands`.
 */
export function addSection<T>(
  { app }: IParts,
  managers: IRunningSessionManagers,
  section: RunningList<T>,
  item: string,
  commands: readonly string[]
): void {
  managers.add(section);
  commands.forEach((command, rank) =>
    app.contextMenu.addItem({
      command,
      args: { isContextMenu: true },
      selector: `.${item}`,
      rank
    })
  );
}
