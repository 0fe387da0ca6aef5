import type {
  IRunningSessionManagers,
  IRunningSessions
} from '@jupyterlab/running';
import { notebookIcon } from '@jupyterlab/ui-components';
import type { IJob } from '../server/jobs.js';
import type { IParts } from './context.js';
import {
  JOB_CONTEXT,
  JOB_LOG,
  JOB_OUTPUT,
  JOB_REMOVE,
  JOB_STOP
} from './jobcommands.js';
import { details, hasBegun, progress } from './jobtext.js';
import { addSection, RunningList } from './runninglist.js';

const ITEM = 'casa-desktop-JobItem';

interface IJobItem extends IRunningSessions.IRunningItem {
  readonly ended: boolean;
}

/** Add the jobs to JupyterLab's list of what runs. */
export function addRunningJobs(
  parts: IParts,
  managers: IRunningSessionManagers
): void {
  const commands = [JOB_OUTPUT, JOB_LOG, JOB_STOP, JOB_REMOVE];
  addSection(parts, managers, new RunningJobs(parts), ITEM, commands);
}

/** All jobs, also those that have ended: until they are removed. */
class RunningJobs extends RunningList<IJob> {
  readonly name = 'CASA Jobs';
  readonly shutdownAllLabel = 'Stop Every Job';
  readonly shutdownAllConfirmationText =
    'Stop all jobs that have not ended? Each interrupts its cell and saves its notebook.';

  constructor(parts: IParts) {
    super(parts, parts.jobs);
  }

  readonly shutdownLabel = (item: IRunningSessions.IRunningItem): string =>
    (item as IJobItem).ended
      ? 'Remove the job'
      : 'Stop the job: its cell is interrupted, and its notebook saved';

  protected override item(job: IJob): IJobItem {
    const { id, ended } = job;
    return {
      ended,
      className: ITEM,
      context: `${JOB_CONTEXT}${id}`,
      icon: () => notebookIcon,
      label: () => id,
      labelTitle: () => details(job),
      detail: () => progress(job),
      open: () => this.execute(hasBegun(job) ? JOB_OUTPUT : JOB_LOG, id),
      shutdown: () => this.execute(ended ? JOB_REMOVE : JOB_STOP, id)
    };
  }

  protected override stop({ id, ended }: IJob): void {
    if (!ended) {
      this.execute(JOB_STOP, id);
    }
  }

  private execute(command: string, id: string): void {
    void this.parts.app.commands.execute(command, { id });
  }
}
