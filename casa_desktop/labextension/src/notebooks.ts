import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { IDisposable } from '@lumino/disposable';
import type { Widget } from '@lumino/widgets';
import { OPEN } from './command.js';
import { answerKernels } from './kernels.js';

/** Lets the kernel of each notebook show the desktop beside that notebook. */
export class NotebookKernels implements DocumentRegistry.IWidgetExtension<
  Widget,
  DocumentRegistry.IModel
> {
  constructor(private readonly app: JupyterFrontEnd) {}

  /** Called by JupyterLab for each notebook panel that it makes. */
  createNew(
    panel: Widget,
    context: DocumentRegistry.IContext<DocumentRegistry.IModel>
  ): IDisposable {
    return answerKernels(context.sessionContext, async name => {
      // The user goes on typing in the notebook: show it, take no keyboard.
      await this.app.commands.execute(OPEN, {
        name,
        mode: 'split-right',
        ref: panel.id,
        focus: false
      });
    });
  }
}
