import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard, showErrorMessage } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { LOG_MIME, readLog } from '../log/model.js';
import { ILogHost } from '../log/panel.js';
import { belowRoot } from '../log/text.js';
import { LogView } from '../log/view.js';

/** The largest file that JupyterLab's editor is asked to open, in bytes. */
const LARGEST = 10_000_000;

/** Shows the log of a cell; JupyterLab calls it anew with each update. */
class LogRenderer extends Widget implements IRenderMime.IRenderer {
  private readonly view: LogView;

  constructor(host: ILogHost) {
    super();
    this.addClass('casa-desktop-LogOutput');
    this.view = new LogView(host);
    this.node.append(this.view.node);
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.view.update(readLog(model.data[LOG_MIME]));
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.view.attached();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.view.attached();
  }

  protected override onBeforeDetach(message: Message): void {
    super.onBeforeDetach(message);
    this.view.detached();
  }
}

/** Makes renderers of logs, for notebooks trusted or not. */
export function logFactory(host: ILogHost): IRenderMime.IRendererFactory {
  return {
    // All that the kernel wrote becomes text, never HTML.
    safe: true,
    mimeTypes: [LOG_MIME],
    // Before text/html, which is for JupyterLabs without this extension.
    defaultRank: 0,
    createRenderer: () => new LogRenderer(host)
  };
}

/** What a log can ask of JupyterLab. */
export function labHost(app: JupyterFrontEnd): ILogHost {
  const { contents } = app.serviceManager;
  const open = async (path: string): Promise<void> => {
    const { size } = await contents.get(path, { content: false });
    if ((size ?? 0) > LARGEST) {
      // The browser shows it while it loads; the editor would freeze.
      window.open(await contents.getDownloadUrl(path), '_blank', 'noopener');
    } else {
      await app.commands.execute('docmanager:open', { path });
    }
  };
  return {
    copy: text => Clipboard.copyToSystem(text),
    find: file =>
      belowRoot(file, PageConfig.getOption('rootUri')) ??
      belowRoot(file, PageConfig.getOption('serverRoot')),
    open: path => {
      open(path).catch(reason =>
        showErrorMessage('The log file cannot be shown', reason)
      );
    }
  };
}
