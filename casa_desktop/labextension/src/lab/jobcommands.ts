import {
  Dialog,
  Notification,
  showDialog,
  showErrorMessage
} from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';
import type { IJob, IStarted } from '../server/jobs.js';
import type { IParts } from './context.js';
import { endings, hasBegun } from './jobtext.js';
import { openOutput } from './outputs.js';

/** The commands about one job: that of their argument, or the one clicked on. */
export const JOB_OUTPUT = 'casa-desktop:job-output';
export const JOB_LOG = 'casa-desktop:job-log';
export const JOB_STOP = 'casa-desktop:job-stop';
export const JOB_REMOVE = 'casa-desktop:job-remove';

/** The prefix of `data-context`, which names the job of a running item. */
export const JOB_CONTEXT = 'casa-desktop-job:';

interface IJobCommand {
  readonly id: string;
  readonly label: string;
  isPossible(job: IJob): boolean;
  run(job: IJob): Promise<void>;
}

/** Add them to the application, and tell when what this page has started ends. */
export function addJobCommands(parts: IParts): void {
  const { jobs } = parts;
  const commands: IJobCommand[] = [
    {
      id: JOB_OUTPUT,
      label: 'Open the Output',
      isPossible: hasBegun,
      run: job => openOutput(parts.app, job)
    },
    {
      id: JOB_LOG,
      label: 'Show the Log',
      isPossible: () => true,
      run: job => showLog(parts, job)
    },
    {
      id: JOB_STOP,
      label: 'Stop',
      isPossible: job => !job.ended,
      run: job => jobs.stop(job.id)
    },
    {
      id: JOB_REMOVE,
      label: 'Remove…',
      isPossible: job => job.ended,
      run: async job => {
        if (await mayRemove(job)) {
          await jobs.remove(job.id);
        }
      }
    }
  ];
  commands.forEach(command => addJobCommand(parts, command));
  jobs.changed.connect(() =>
    commands.forEach(({ id }) => parts.app.commands.notifyCommandChanged(id))
  );
  jobs.ended.connect((_, started) => tellOfEnd(parts, started));
}

function addJobCommand({ app, jobs }: IParts, command: IJobCommand): void {
  const meant = ({ id }: ReadonlyPartialJSONObject): IJob | undefined => {
    const clicked = app.contextMenuHitTest(
      ({ dataset }) => dataset.context?.startsWith(JOB_CONTEXT) ?? false
    );
    const named = typeof id === 'string' ? id : clicked?.dataset.context;
    return named ? jobs.find(named.replace(JOB_CONTEXT, '')) : undefined;
  };
  app.commands.addCommand(command.id, {
    label: command.label,
    isEnabled: args => {
      const job = meant(args);
      return job !== undefined && command.isPossible(job);
    },
    describedBy: {
      args: {
        type: 'object',
        properties: { id: { type: 'string', description: "The job's id" } }
      }
    },
    execute: async args => {
      const job = meant(args);
      try {
        await (job && command.run(job));
      } catch (error) {
        await showErrorMessage(`The job ${job?.id}`, error as Error);
      }
    }
  });
}

async function showLog({ jobs }: IParts, { id }: IJob): Promise<void> {
  const body = new Widget({ node: document.createElement('pre') });
  body.addClass('casa-desktop-JobLog');
  body.node.tabIndex = 0;
  body.node.textContent = (await jobs.api.log(id)) || 'Nothing was said yet.';
  await showDialog({
    title: `The log of ${id}`,
    body,
    buttons: [Dialog.okButton({ label: 'Close' })]
  });
}

async function mayRemove({ id, output }: IJob): Promise<boolean> {
  const { button } = await showDialog({
    title: `Remove the job ${id}?`,
    body: `Its folder is removed, with its log. The notebook ${output} is removed with it if it is in that folder, and else stays.`,
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: 'Remove' })]
  });
  return button.accept;
}

/** Buttons of a notification about one job; about all of an array it has none. */
export function actionsFor(
  { app }: IParts,
  about: IStarted | IJob
): Notification.IAction[] {
  const { id } = about;
  if ('jobs' in about && about.jobs[0].id !== id) {
    return [];
  }
  return [
    {
      label: 'Open the output',
      callback: () => void app.commands.execute(JOB_OUTPUT, { id })
    },
    {
      label: 'Log',
      callback: () => void app.commands.execute(JOB_LOG, { id })
    }
  ];
}

function tellOfEnd(parts: IParts, started: IStarted): void {
  const failed = started.jobs.find(job => job.phase !== 'COMPLETED');
  const options = {
    autoClose: false as const,
    // Of an array, those of the job that the sentence names.
    actions: actionsFor(parts, failed ?? started)
  };
  if (failed) {
    Notification.error(endings(started), options);
  } else {
    Notification.success(endings(started), options);
  }
}
