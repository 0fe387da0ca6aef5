import type { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { caretDownEmptyIcon } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';
import { RUN } from './background.js';
import { OPEN } from './opencommand.js';
import { MAIN } from '../server/names.js';
import { backgroundIcon, desktopIcon } from './icon.js';
import type { CasaKernel } from './casakernel.js';
import { MEANINGS, Mode, modeDetails, modeLabel, MODES } from './modes.js';
import type { INotebookPanel } from './notebooks.js';
import { IParts, placeBeside } from './context.js';
import { DesktopState, STATES } from './statustext.js';

/** Add the mode's switch and the desktop's state to notebooks' toolbars. */
export function addToolbarItems(
  parts: IParts,
  registry: IToolbarWidgetRegistry
): void {
  const add = (
    name: string,
    make: (kernel: CasaKernel, panel: Widget) => Widget & { refresh(): void }
  ): void => {
    registry.addFactory<Widget>('Notebook', name, panel => {
      const kernel = parts.notebooks.kernelOf(panel as INotebookPanel);
      const item = make(kernel, panel);
      const refresh = (): void => {
        if (!item.isDisposed) {
          item.setHidden(!kernel.isHere);
          item.refresh();
        }
      };
      const sources = [
        kernel.changed,
        parts.desktops.changed,
        parts.views.turned
      ];
      sources.forEach(each => each.connect(refresh));
      item.disposed.connect(() =>
        sources.forEach(each => each.disconnect(refresh))
      );
      refresh();
      return item;
    });
  };
  add('casaMode', kernel => new ModeSwitch(kernel));
  add('casaReuse', kernel => new ReuseSwitch(kernel));
  add(
    'casaDesktop',
    (kernel, panel) => new DesktopButton(kernel, panel, parts)
  );
  add('casaBackground', () => new RunButton(parts));
}

/** Shows the mode of the notebook's kernel, and sets it. */
class ModeSwitch extends Widget {
  private readonly select = document.createElement('select');

  constructor(private readonly kernel: CasaKernel) {
    super();
    this.addClass('casa-desktop-ModeSwitch');
    const { select } = this;
    select.setAttribute('aria-label', 'CASA mode');
    select.append(...MODES.map(mode => new Option(mode, mode)));
    select.addEventListener('change', () =>
      kernel.setMode(select.value as Mode)
    );
    // As JupyterLab's own: the toolbar would hand the focus on.
    select.addEventListener('focusin', event => event.stopPropagation());
    const frame = document.createElement('div');
    frame.className = 'jp-HTMLSelect jp-DefaultStyle';
    const caret = caretDownEmptyIcon.element({
      tag: 'span',
      stylesheet: 'select',
      right: '4px',
      top: '4px'
    });
    frame.append(select, caret);
    this.node.append(frame);
  }

  refresh(): void {
    const { state, pending } = this.kernel;
    const shown = { ...state, mode: pending ?? state.mode };
    for (const option of this.select.options) {
      const own = option.value === shown.mode;
      option.textContent = own ? modeLabel(shown) : option.value;
      option.title = MEANINGS[option.value as Mode];
    }
    this.select.value = shown.mode;
    this.select.setAttribute('aria-busy', String(pending !== null));
    this.toggleClass('jp-mod-pending', pending !== null);
    this.select.title = pending
      ? `CASA mode: ${pending} once the cell that runs has ended`
      : `CASA mode\n${modeDetails(shown)}`;
  }
}

/** Shows whether results of tasks are reused, and switches it. */
class ReuseSwitch extends Widget {
  private readonly button = document.createElement('button');

  constructor(private readonly kernel: CasaKernel) {
    super();
    this.addClass('casa-desktop-ReuseSwitch');
    this.button.type = 'button';
    this.button.setAttribute('role', 'switch');
    this.button.setAttribute('aria-label', 'Reuse results of CASA tasks');
    this.button.addEventListener('click', () =>
      kernel.setReuse(!kernel.state.reuse)
    );
    this.node.append(this.button);
  }

  refresh(): void {
    const { reuse } = this.kernel.state;
    this.button.setAttribute('aria-checked', String(reuse));
    this.button.textContent = reuse ? 'reuse on' : 'reuse off';
    this.button.title = reuse
      ? 'A CASA task that was called before, with all as it was, gives its former result. Click to run every task.'
      : 'Every CASA task runs. Click to reuse the results of calls that were made before, with all as it was.';
  }
}

/** Asks how to run the notebook in front as a job. */
class RunButton extends Widget {
  constructor({ app }: IParts) {
    super();
    this.addClass('casa-desktop-RunButton');
    const button = document.createElement('button');
    button.type = 'button';
    button.title = 'Run in the background…';
    button.setAttribute('aria-label', 'Run in the background…');
    button.append(
      backgroundIcon.element({ tag: 'span', stylesheet: 'toolbarButton' })
    );
    button.addEventListener('click', () => void app.commands.execute(RUN));
    this.node.append(button);
  }

  refresh(): void {
    // It is the same whatever the kernel does.
  }
}

/** Shows what is known of the kernel's desktop, and opens it. */
class DesktopButton extends Widget {
  private readonly button = document.createElement('button');
  private readonly text = document.createElement('span');

  constructor(
    private readonly kernel: CasaKernel,
    private readonly panel: Widget,
    private readonly parts: IParts
  ) {
    super();
    this.addClass('casa-desktop-StateButton');
    this.button.type = 'button';
    this.button.addEventListener('click', () => this.open());
    const icon = desktopIcon.element({
      tag: 'span',
      stylesheet: 'toolbarButton'
    });
    this.button.append(icon, this.text);
    this.node.append(this.button);
  }

  refresh(): void {
    const { desktop } = this.kernel.state;
    const state = this.state(desktop);
    this.node.dataset.state = state;
    this.text.textContent = desktop === MAIN ? state : `${desktop}: ${state}`;
    this.button.title = `CASA Desktop ${desktop}: ${STATES[state]}. Click to open it.`;
    this.button.setAttribute(
      'aria-label',
      `CASA Desktop ${desktop}: ${state}. Open it`
    );
  }

  private state(name: string): DesktopState {
    const { views, desktops } = this.parts;
    if (views.find(name)?.status.phase === 'connected') {
      return 'shown';
    }
    return desktops.isRunning(name) ? 'running' : 'stopped';
  }

  private open(): void {
    const { desktop: name } = this.kernel.state;
    const beside = placeBeside(this.parts, this.panel);
    void this.parts.app.commands.execute(OPEN, { name, ...beside });
  }
}
