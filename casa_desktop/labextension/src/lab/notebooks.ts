import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { JSONValue } from '@lumino/coreutils';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import type { ICell } from './cells.js';
import { CasaKernel, IFront, keptIn, withKept } from './casakernel.js';
import { notebookDesktop } from '../server/names.js';
import type { LabSettings } from './settings.js';

/** The key of a notebook's metadata that is ours. */
const METADATA = 'casa';

/**
 * As much of a notebook's panel as is needed here: JupyterLab's package of
 * notebooks would be a dependency for its types alone.
 */
export interface INotebookPanel extends Widget {
  readonly context: DocumentRegistry.IContext<DocumentRegistry.IModel>;
  readonly content: Widget & {
    readonly activeCell: ICell | null;
    activeCellIndex: number;
    readonly widgets: readonly Widget[];
    deselectAll(): void;
  };
}

interface IMetadata {
  getMetadata(key: string): unknown;
  setMetadata(key: string, value: JSONValue): void;
}

/**
 * The open notebooks, and the CASA kernels that some of them have.
 *
 * Each kernel can show its desktop and keep its modes in its notebook; it is
 * sent the name of the notebook's own desktop.
 */
export class Notebooks implements DocumentRegistry.IWidgetExtension<
  Widget,
  DocumentRegistry.IModel
> {
  private readonly kernels = new Map<Widget, CasaKernel>();
  /** The notebook that asked for each desktop last. */
  private readonly askers = new Map<string, INotebookPanel>();
  private latest: INotebookPanel | null = null;
  /** Emitted when another notebook is used, or a kernel's state has changed. */
  readonly changed = new Signal<this, void>(this);

  /**
   * @param show shows the desktop `name` for the sake of a notebook.
   * @param ready resolves once the settings are there.
   */
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly settings: LabSettings,
    private readonly ready: Promise<void>,
    private readonly show: (panel: Widget, name: string) => Promise<void>
  ) {
    app.shell.currentChanged?.connect(() => this.look(app.shell.currentWidget));
  }

  /** The notebook that was used last, or another one that is open. */
  get current(): INotebookPanel | null {
    return this.latest;
  }

  /** The CASA kernel of the notebook that was used last, if it has one. */
  get kernel(): CasaKernel | null {
    const kernel = this.latest && this.kernels.get(this.latest);
    return kernel?.isHere ? kernel : null;
  }

  /** Called by JupyterLab for each notebook panel that it makes. */
  createNew(panel: Widget): IDisposable {
    const notebook = panel as INotebookPanel;
    const kernel = this.kernelOf(notebook);
    this.latest ??= notebook;
    return new DisposableDelegate(() => {
      kernel.dispose();
      this.forget(notebook);
    });
  }

  /** The CASA kernel of a notebook; its toolbar is made before `createNew`. */
  kernelOf(panel: INotebookPanel): CasaKernel {
    const known = this.kernels.get(panel);
    if (known) {
      return known;
    }
    const { context } = panel;
    const kernel = new CasaKernel(context.sessionContext, this.front(panel));
    this.kernels.set(panel, kernel);
    kernel.changed.connect(() => this.changed.emit());
    // A kernel may be ready before its file and the settings are.
    Promise.all([context.ready, this.ready]).then(
      () => kernel.begin(),
      () => {
        // The file could not be read; JupyterLab shows that.
      }
    );
    return kernel;
  }

  /**
   * Run the cell around a node again, and in it the call with a key, whatever
   * is kept of it.
   */
  async runAgain(node: Node, key: string): Promise<void> {
    for (const [widget, kernel] of this.kernels) {
      const { content } = widget as INotebookPanel;
      const index = content.widgets.findIndex(each => each.node.contains(node));
      if (index >= 0 && kernel.isHere) {
        kernel.makeAnew(key);
        content.activeCellIndex = index;
        content.deselectAll();
        await this.app.commands.execute('notebook:run-cell');
      }
    }
  }

  /**
   * The folder for files that are dropped on a desktop: that of the notebook
   * whose kernel opened it, else of the one used last; null without notebooks.
   */
  folder(desktop: string): string | null {
    const panel = this.askers.get(desktop) ?? this.latest;
    return panel ? folderOf(this.path(panel)) : null;
  }

  private front(panel: INotebookPanel): IFront {
    const model = panel.context.model as unknown as IMetadata;
    return {
      open: name => {
        this.askers.set(name, panel);
        return this.show(panel, name);
      },
      read: name => keptIn(model.getMetadata(METADATA), name),
      save: (name, value) =>
        model.setMetadata(
          METADATA,
          withKept(model.getMetadata(METADATA), name, value)
        ),
      desktop: () =>
        this.settings.current.desktopPerNotebook
          ? notebookDesktop(this.path(panel))
          : null
    };
  }

  /** The notebook's file, as a path of the contents API. */
  path(panel: INotebookPanel): string {
    const { contents } = this.app.serviceManager;
    return contents.localPath(panel.context.path);
  }

  private look(widget: Widget | null): void {
    if (widget && this.kernels.has(widget)) {
      this.latest = widget as INotebookPanel;
      this.changed.emit();
    }
  }

  private forget(panel: INotebookPanel): void {
    this.kernels.delete(panel);
    for (const [name, asker] of this.askers) {
      if (asker === panel) {
        this.askers.delete(name);
      }
    }
    if (this.latest === panel) {
      const others = [...this.kernels.keys()] as INotebookPanel[];
      this.latest = others.pop() ?? null;
    }
    this.changed.emit();
  }
}

/** The folder of a file, as a path of the contents API; '' is the root. */
function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}
