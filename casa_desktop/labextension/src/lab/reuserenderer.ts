import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import { element } from '../dom.js';
import { LogView } from '../log/view.js';
import { ILogHost } from '../log/panel.js';
import { readReuse, REUSE_MIME } from './reuse.js';

/** Sent by the button of a reused result; it rises through the page. */
const RUN_AGAIN = 'casa-desktop-run-again';

/** Shows that a call was not made, with buttons that tell why and make it. */
class ReuseRenderer extends Widget implements IRenderMime.IRenderer {
  private readonly text = element('span', 'Reuse-text');
  private readonly ask = element('button', 'Reuse-button', 'why');
  private readonly button = element('button', 'Reuse-button', 'run again');
  private readonly answer = element('div', 'Reuse-why');
  private key = '';

  constructor(private readonly host: ILogHost) {
    super();
    this.addClass('casa-desktop-Reuse');
    this.ask.type = this.button.type = 'button';
    this.ask.title = 'Show what this call depends on';
    this.ask.addEventListener('click', () => this.fold(!this.answer.hidden));
    this.fold(true);
    this.button.title =
      'Run this cell again, and this call in it, instead of reusing its result';
    this.button.addEventListener('click', () =>
      this.node.dispatchEvent(
        new CustomEvent(RUN_AGAIN, { bubbles: true, detail: this.key })
      )
    );
    const line = element('div', 'Reuse-line');
    line.append(this.text, this.ask, this.button);
    this.node.append(line, this.answer);
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const { line, key, why, log } = readReuse(model.data[REUSE_MIME]);
    this.text.textContent = line;
    this.key = key;
    this.answer.textContent = why;
    // Results of earlier releases do not tell.
    this.ask.hidden = !why;
    if (log) {
      const view = new LogView(this.host);
      view.update(log);
      this.node.append(view.node);
      view.attached();
    }
  }

  private fold(hidden: boolean): void {
    this.answer.hidden = hidden;
    this.ask.setAttribute('aria-expanded', String(!hidden));
  }
}

/** Makes renderers of reused results, for notebooks trusted or not. */
export function reuseFactory(host: ILogHost): IRenderMime.IRendererFactory {
  return {
    // All that the kernel wrote becomes text, never HTML.
    safe: true,
    mimeTypes: [REUSE_MIME],
    // Before text/html, which is for JupyterLabs without this extension.
    defaultRank: 0,
    createRenderer: () => new ReuseRenderer(host)
  };
}

/** Call `run` with the output and the key of each call that is to run again. */
export function answerButtons(
  app: JupyterFrontEnd,
  run: (node: Node, key: string) => void
): void {
  app.shell.node.addEventListener(RUN_AGAIN, event => {
    const { detail } = event as CustomEvent<string>;
    run(event.target as Node, detail);
  });
}
