import type { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import type { WidgetTracker } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Api } from './api.js';
import { desktopIcon } from './icon.js';
import { labServer } from './server.js';
import { DesktopWidget, widgetTitle } from './widget.js';

/** The command that shows a desktop. */
export const OPEN = 'casa-desktop:open';

/** The arguments of `casa-desktop:open`; each may be left out. */
interface IOpenArgs {
  /** The desktop's name; `main` by default. */
  readonly name: string;
  /** Where a new tab goes; beside the tab in front by default. */
  readonly mode: DocumentRegistry.IOpenOptions['mode'];
  /** The id of the widget that `mode` refers to. */
  readonly ref: string | null;
  /** Whether the tab comes to the front. */
  readonly activate: boolean;
  /** Whether a tab that comes to the front takes the keyboard. */
  readonly focus: boolean;
}

const DEFAULTS: IOpenArgs = {
  name: 'main',
  mode: 'tab-after',
  ref: null,
  activate: true,
  focus: true
};

/** Add `casa-desktop:open`. Without a `shell` it opens the stand-alone page. */
export function addOpenCommand(
  app: JupyterFrontEnd,
  shell: ILabShell | null,
  tracker: WidgetTracker<DesktopWidget>
): void {
  const server = labServer(app.serviceManager.serverSettings);
  const api = new Api(server);
  app.commands.addCommand(OPEN, {
    label: args => widgetTitle(options(args).name),
    caption: 'Show the CASA tools on their own desktop',
    icon: args => (args.isPalette ? undefined : desktopIcon),
    describedBy: { args: SCHEMA },
    execute: async args => {
      const wanted = options(args);
      if (!shell) {
        window.open(`${server.baseUrl}casa-desktop/${wanted.name}/`);
        return null;
      }
      return show(shell, tracker, api, wanted);
    }
  });
}

const SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'The name of the desktop' },
    mode: { type: 'string', description: 'Where a new tab goes' },
    ref: { type: 'string', description: 'The widget that mode refers to' },
    activate: { type: 'boolean', description: 'Bring the tab to the front' },
    focus: { type: 'boolean', description: 'Give the keyboard to it' }
  }
};

function options(args: ReadonlyPartialJSONObject): IOpenArgs {
  return { ...DEFAULTS, ...(args as Partial<IOpenArgs>) };
}

async function show(
  shell: ILabShell,
  tracker: WidgetTracker<DesktopWidget>,
  api: Api,
  { name, mode, ref, activate, focus }: IOpenArgs
): Promise<DesktopWidget> {
  const open = tracker.find(({ desktop }) => desktop === name);
  const widget = open ?? new DesktopWidget(api, name);
  if (open) {
    open.reopen();
  } else {
    shell.add(widget, 'main', { mode, ref, activate: false });
    await tracker.add(widget);
  }
  if (activate) {
    widget.takesFocus = focus;
    shell.activateById(widget.id);
  }
  return widget;
}
