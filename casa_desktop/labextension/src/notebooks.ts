import type { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { JSONValue } from '@lumino/coreutils';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';
import type { Widget } from '@lumino/widgets';
import { OPEN } from './command.js';
import { answerKernels, IFront, modesOf, withModes } from './kernels.js';

/** The key of a notebook's metadata that is ours. */
const METADATA = 'casa';

/** As much of a notebook's model as is needed here. */
interface IMetadata {
  getMetadata(key: string): unknown;
  setMetadata(key: string, value: JSONValue): void;
}

/**
 * Lets the kernel of each notebook show the desktop beside that notebook, and
 * keep its modes there.
 */
export class NotebookKernels implements DocumentRegistry.IWidgetExtension<
  Widget,
  DocumentRegistry.IModel
> {
  /**
   * @param showsDesktops - whether a kernel's desktop gets a tab. Elsewhere, as
   * in Notebook 7, the link in the cell is the way to it.
   */
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly showsDesktops: boolean
  ) {}

  /** Called by JupyterLab for each notebook panel that it makes. */
  createNew(
    panel: Widget,
    context: DocumentRegistry.IContext<DocumentRegistry.IModel>
  ): IDisposable {
    const model = context.model as unknown as IMetadata;
    const front: IFront = {
      open: name => this.open(panel, name),
      readModes: () => modesOf(model.getMetadata(METADATA)),
      saveModes: modes =>
        model.setMetadata(
          METADATA,
          withModes(model.getMetadata(METADATA), modes)
        )
    };
    return whenReady(context, () =>
      answerKernels(context.sessionContext, front)
    );
  }

  private async open(panel: Widget, name: string): Promise<void> {
    if (this.showsDesktops) {
      await openBeside(this.app, panel, name);
    }
  }
}

/** Lets the kernel of each console show the desktop beside that console. */
export function answerConsoles(app: JupyterFrontEnd, shell: ILabShell): void {
  const known = new WeakSet<Widget>();
  const look = (): void => {
    for (const panel of shell.widgets('main')) {
      const { sessionContext } = panel as Partial<IHasSession> & Widget;
      // By its class: JupyterLab's package of consoles would be a dependency
      // for its type alone.
      if (sessionContext && panel.hasClass(CONSOLE) && !known.has(panel)) {
        known.add(panel);
        const answering = answerKernels(sessionContext, {
          open: name => openBeside(app, panel, name),
          readModes: () => null,
          saveModes: () => undefined
        });
        panel.disposed.connect(() => answering.dispose());
      }
    }
  };
  shell.layoutModified.connect(look);
  look();
}

const CONSOLE = 'jp-ConsolePanel';

interface IHasSession {
  readonly sessionContext: ISessionContext;
}

/** The user goes on typing where the cell is: show it, take no keyboard. */
async function openBeside(
  app: JupyterFrontEnd,
  panel: Widget,
  name: string
): Promise<void> {
  await app.commands.execute(OPEN, {
    name,
    mode: 'split-right',
    ref: panel.id,
    focus: false
  });
}

/** Begin once the document is there: a kernel may be faster than its file. */
function whenReady(
  context: DocumentRegistry.IContext<DocumentRegistry.IModel>,
  begin: () => IDisposable
): IDisposable {
  let begun: IDisposable | null = null;
  const whole = new DisposableDelegate(() => begun?.dispose());
  context.ready.then(
    () => {
      begun = whole.isDisposed ? null : begin();
    },
    () => {
      // It could not be read, and JupyterLab says so.
    }
  );
  return whole;
}
