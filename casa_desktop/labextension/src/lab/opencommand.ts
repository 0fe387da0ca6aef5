import type { WidgetTracker } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { MAIN, titleOf } from '../server/names.js';
import { desktopIcon } from './icon.js';
import { desktopHost } from './host.js';
import { IParts, pageUrl } from './context.js';
import { DesktopWidget } from './widget.js';

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
  name: MAIN,
  mode: 'tab-after',
  ref: null,
  activate: true,
  focus: true
};

/** Add `casa-desktop:open`. Without a shell it opens the stand-alone page. */
export function addOpenCommand(
  parts: IParts,
  tracker: WidgetTracker<DesktopWidget>
): void {
  parts.app.commands.addCommand(OPEN, {
    label: args => titleOf(options(args).name),
    caption: 'Show the CASA tools on their own desktop',
    icon: args => (args.isPalette ? undefined : desktopIcon),
    describedBy: { args: SCHEMA },
    execute: async args => {
      const wanted = options(args);
      if (!parts.shell) {
        openPage(parts, wanted.name);
        return null;
      }
      return show(parts, tracker, wanted);
    }
  });
}

/**
 * Show a desktop's page in a browser tab, the same one each time.
 *
 * @returns whether the browser let it be opened.
 */
export function openPage(parts: IParts, name: string): boolean {
  const page = window.open(pageUrl(parts, name), `casa-desktop-${name}`);
  page?.focus();
  return page !== null;
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
  parts: IParts,
  tracker: WidgetTracker<DesktopWidget>,
  { name, mode, ref, activate, focus }: IOpenArgs
): Promise<DesktopWidget> {
  const { desktops, views } = parts;
  const shell = parts.shell!;
  const open = views.find(name);
  const widget =
    open ?? new DesktopWidget(desktops.api, name, desktopHost(parts, name));
  if (open) {
    open.reopen();
  } else {
    if (activate) {
      widget.open();
    }
    shell.add(widget, 'main', { mode, ref, activate: false });
    await tracker.add(widget);
  }
  if (activate) {
    widget.takesFocus = focus;
    shell.activateById(widget.id);
  }
  return widget;
}
