import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { addOpenCommand, OPEN } from './command.js';
import { imageFactory } from './images.js';
import { labHost, logFactory } from './logrenderer.js';
import { answerConsoles, NotebookKernels } from './notebooks.js';
import { DesktopWidget } from './widget.js';

const CATEGORY = 'CASA';

/** The CASA Desktop in JupyterLab: a command, a card, a tab, and a comm. */
const desktop: JupyterFrontEndPlugin<void> = {
  id: 'casa-desktop-labextension:plugin',
  description: 'Shows the CASA Desktop in a tab, also when a kernel asks.',
  autoStart: true,
  optional: [ILabShell, ILauncher, ICommandPalette, ILayoutRestorer],
  activate(
    app: JupyterFrontEnd,
    shell: ILabShell | null,
    launcher: ILauncher | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ): void {
    const tracker = new WidgetTracker<DesktopWidget>({
      namespace: 'casa-desktop'
    });
    addOpenCommand(app, shell, tracker);
    launcher?.add({ command: OPEN, category: CATEGORY, rank: 1 });
    palette?.addItem({ command: OPEN, category: CATEGORY });
    app.docRegistry.addWidgetExtension(
      'Notebook',
      new NotebookKernels(app, shell !== null)
    );
    if (shell) {
      answerConsoles(app, shell);
    }
    void restorer?.restore(tracker, {
      command: OPEN,
      args: ({ desktop }) => ({ name: desktop, activate: false }),
      name: ({ desktop }) => desktop
    });
  }
};

/** The log of a cell, while it runs and after. */
const log: JupyterFrontEndPlugin<void> = {
  id: 'casa-desktop-labextension:log',
  description: 'Shows what CASA logs under the cell that runs.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  activate(app: JupyterFrontEnd, registry: IRenderMimeRegistry): void {
    registry.addFactory(logFactory(labHost(app)));
  }
};

/** Pictures that say what they show. */
const images: JupyterFrontEndPlugin<void> = {
  id: 'casa-desktop-labextension:images',
  description: 'Gives pictures the words that their metadata has for them.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  activate(_app: JupyterFrontEnd, registry: IRenderMimeRegistry): void {
    registry.addFactory(imageFactory);
  }
};

export default [desktop, log, images];
