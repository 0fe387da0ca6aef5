import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { addOpenCommand, OPEN } from './command.js';
import { NotebookKernels } from './notebooks.js';
import { DesktopWidget } from './widget.js';

const CATEGORY = 'CASA';

/** The CASA Desktop in JupyterLab: a command, a card, a tab, and a comm. */
const plugin: JupyterFrontEndPlugin<void> = {
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
    // Elsewhere, as in Notebook 7, the link in the cell is the way to a tab.
    if (shell) {
      app.docRegistry.addWidgetExtension('Notebook', new NotebookKernels(app));
    }
    void restorer?.restore(tracker, {
      command: OPEN,
      args: ({ desktop }) => ({ name: desktop, activate: false }),
      name: ({ desktop }) => desktop
    });
  }
};

export default plugin;
