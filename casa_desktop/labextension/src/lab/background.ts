import {
  Dialog,
  Notification,
  showDialog,
  showErrorMessage
} from '@jupyterlab/apputils';
import type { IOffer, IStarted } from '../server/jobs.js';
import type { IParts } from './context.js';
import { backgroundIcon } from './icon.js';
import { actionsFor } from './jobcommands.js';
import { beginning } from './jobtext.js';
import type { INotebookPanel } from './notebooks.js';
import { isOutside } from './outputs.js';
import { IChoice, RunForm } from './rundialog.js';

/** The command that runs the notebook in front as a job. */
export const RUN = 'casa-desktop:run-in-background';

const TITLE = 'Run in the background';

/** Add the command to the application. */
export function addRunCommand(parts: IParts): void {
  const { app, notebooks } = parts;
  app.commands.addCommand(RUN, {
    label: 'Run in the Background…',
    caption:
      'Run the notebook as a job, which goes on when JupyterLab is closed',
    icon: args => (args.isPalette ? undefined : backgroundIcon),
    isEnabled: () => meant(parts) !== null,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: async () => {
      const panel = meant(parts);
      if (panel) {
        await run(parts, panel);
      }
    }
  });
  notebooks.changed.connect(() => app.commands.notifyCommandChanged(RUN));
}

/** The notebook in front, unless it is only shown, and no file of the server's. */
function meant({ app, notebooks }: IParts): INotebookPanel | null {
  const { contents } = app.serviceManager;
  const panel = notebooks.current;
  return panel && !isOutside(panel.context.path, contents) ? panel : null;
}

async function run(parts: IParts, panel: INotebookPanel): Promise<void> {
  const notebook = parts.notebooks.path(panel);
  try {
    // The server reads the file, and not what is in the page.
    if (!(await isSaved(panel))) {
      return;
    }
    const started = await ask(await parts.jobs.api.offer(notebook), choice =>
      parts.jobs.start({ notebook, ...choice })
    );
    if (started) {
      Notification.info(beginning(started), {
        autoClose: 5000,
        actions: actionsFor(parts, started)
      });
    }
  } catch (error) {
    await showErrorMessage(TITLE, error as Error);
  }
}

/** Save a notebook; JupyterLab itself tells why it cannot be saved. */
async function isSaved({ context }: INotebookPanel): Promise<boolean> {
  if (context.model.dirty) {
    await context.save().catch(() => undefined);
  }
  return !context.model.dirty;
}

/**
 * Ask what to run until the server has started it, or the user cancels; what was
 * typed is kept when the server refuses it.
 */
async function ask(
  offer: IOffer,
  start: (choice: IChoice) => Promise<IStarted>
): Promise<IStarted | null> {
  let form = new RunForm(offer);
  for (;;) {
    const { button, value } = await showDialog({
      title: TITLE,
      body: form,
      focusNodeSelector: '.casa-desktop-RunForm label:not([hidden]) input',
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: 'Run' })]
    });
    if (!button.accept || value === null) {
      return null;
    }
    try {
      return await start(value);
    } catch (error) {
      form = new RunForm(offer, form, (error as Error).message);
    }
  }
}
