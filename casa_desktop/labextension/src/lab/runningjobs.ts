import type {
  IRunningSessionManagers,
  IRunningSessions
} from '@jupyterlab/running';
import { notebookIcon } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import type { IJob } from '../server/jobs.js';
import type { IParts } from './context.js';
import {
  JOB_CONTEXT,
  JOB_LOG,
  JOB_OUTPUT,
  JOB_REMOVE,
  JOB_STOP
} from './jobcommands.js';
import { details, progress } from './jobtext.js';

const ITEM = 'casa-desktop-JobItem';

interface IJobItem extends IRunningSessions.IRunningItem {
  readonly ended: boolean;
}

/** Add the jobs to JupyterLab's list of what runs. */
export function addRunningJobs(
  parts: IParts,
  managers: IRunningSessionManagers
): void {
  managers.add(new RunningJobs(parts));
  [JOB_OUTPUT, JOB_LOG, JOB_STOP, JOB_REMOVE].forEach((command, rank) =>
    parts.app.contextMenu.addItem({ command, selector: `.${ITEM}`, rank })
  );
}

/** All jobs, also those that have ended: until they are removed. */
class RunningJobs implements IRunningSessions.IManager {
  readonly name = 'CASA Jobs';
  readonly shutdownAllLabel = 'Stop Every Job';
  readonly shutdownAllConfirmationText =
    'Stop all jobs that have not ended? Each interrupts its cell and saves its notebook.';
  readonly runningChanged = new Signal<this, void>(this);

  constructor(private readonly parts: IParts) {
    parts.jobs.changed.connect(() => this.runningChanged.emit());
  }

  readonly shutdownLabel = (item: IRunningSessions.IRunningItem): string =>
    (item as IJobItem).ended
      ? 'Remove the job'
      : 'Stop the job: its cell is interrupted, and its notebook saved';

  running(): IRunningSessions.IRunningItem[] {
    return this.parts.jobs.all.map(job => this.item(job));
  }

  refreshRunning(): void {
    void this.parts.jobs.refresh();
  }

  shutdownAll(): void {
    for (const { id, ended } of this.parts.jobs.all) {
      if (!ended) {
        this.execute(JOB_STOP, id);
      }
    }
  }

  private item(job: IJob): IJobItem {
    const { id, ended, outputPath } = job;
    return {
      ended,
      className: ITEM,
      context: `${JOB_CONTEXT}${id}`,
      icon: () => notebookIcon,
      label: () => id,
      labelTitle: () => details(job),
      detail: () => progress(job),
      open: () => this.execute(outputPath === null ? JOB_LOG : JOB_OUTPUT, id),
      shutdown: () => this.execute(ended ? JOB_REMOVE : JOB_STOP, id)
    };
  }

  private execute(command: string, id: string): void {
    void this.parts.app.commands.execute(command, { id });
  }
}
