import { Notification, showErrorMessage } from '@jupyterlab/apputils';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';
import { RUN } from './background.js';
import { askForName, mayEnd } from './dialogs.js';
import { download } from '../dom.js';
import { OPEN, openPage } from './opencommand.js';
import { titleOf } from '../server/names.js';
import { desktopIcon } from './icon.js';
import { keepSnapshot, MOVE } from './host.js';
import { MEANINGS, Mode, MODES } from './modes.js';
import { IParts, meantDesktop } from './context.js';

/** The commands beside `casa-desktop:open`. */
export const OPEN_ANOTHER = 'casa-desktop:open-another';
export const STOP = 'casa-desktop:stop';
export const RESTART = 'casa-desktop:restart';
const SNAPSHOT = 'casa-desktop:snapshot-into-notebook';
export const DOWNLOAD = 'casa-desktop:download-snapshot';
const SET_MODE = 'casa-desktop:set-mode';

/** What stands in the palette: the commands and their arguments. */
export const PALETTE: readonly [string, ReadonlyJSONObject][] = [
  [OPEN, {}],
  [OPEN_ANOTHER, {}],
  [STOP, {}],
  [RESTART, {}],
  [MOVE, {}],
  [SNAPSHOT, {}],
  [DOWNLOAD, {}],
  [RUN, {}],
  ...MODES.map(mode => [SET_MODE, { mode }] as [string, ReadonlyJSONObject])
];

const ALT = 'The CASA Desktop';

function fileName(desktop: string): string {
  return `casa-desktop-${desktop}.png`;
}

/** A command about one desktop: that of its argument, or else the current one. */
interface IDesktopCommand {
  readonly id: string;
  readonly label: string;
  readonly caption: string;
  /** Whether it is only for desktops that run. */
  readonly running: boolean;
  readonly isPossible?: () => boolean;
  run(name: string, args: ReadonlyPartialJSONObject): Promise<void>;
}

/** Add all of them to the application. */
export function addCommands(parts: IParts): void {
  const { app, desktops, views, notebooks } = parts;
  addOpenAnother(parts);
  addSetMode(parts);
  for (const command of desktopCommands(parts)) {
    addDesktopCommand(parts, command);
  }
  const changed = (): void => {
    for (const id of [STOP, RESTART, MOVE, SNAPSHOT, DOWNLOAD, SET_MODE]) {
      app.commands.notifyCommandChanged(id);
    }
  };
  desktops.changed.connect(changed);
  views.tracker.currentChanged.connect(changed);
  notebooks.changed.connect(changed);
}

function addOpenAnother({ app, desktops }: IParts): void {
  app.commands.addCommand(OPEN_ANOTHER, {
    label: args =>
      args.isPalette ? 'Open Another CASA Desktop…' : 'Another CASA Desktop…',
    caption: 'Show a desktop of another name, which is started if need be',
    icon: args => (args.isPalette ? undefined : desktopIcon),
    describedBy: { args: { type: 'object', properties: {} } },
    execute: async () => {
      const name = await askForName(desktops.all.map(each => each.name));
      return name && app.commands.execute(OPEN, { name });
    }
  });
}

function addSetMode({ app, notebooks }: IParts): void {
  app.commands.addCommand(SET_MODE, {
    label: args => `Set CASA Mode: ${String(args.mode)}`,
    caption: args => MEANINGS[args.mode as Mode] ?? '',
    isEnabled: () => notebooks.kernel !== null,
    isToggled: args => notebooks.kernel?.state.mode === args.mode,
    isToggleable: true,
    describedBy: {
      args: {
        type: 'object',
        required: ['mode'],
        properties: { mode: { type: 'string', enum: [...MODES] } }
      }
    },
    execute: args => {
      if (MODES.includes(args.mode as Mode)) {
        notebooks.kernel?.setMode(args.mode as Mode);
      }
    }
  });
}

function desktopCommands(parts: IParts): IDesktopCommand[] {
  const { shell, desktops, views, notebooks } = parts;
  return [
    {
      id: STOP,
      label: 'Stop',
      caption: 'End the desktop, its windows and its terminals',
      running: true,
      run: async (name, { confirm }) => {
        if (confirm === false || (await mayEnd(name, 'Stop'))) {
          await desktops.stop(name);
        }
      }
    },
    {
      id: RESTART,
      label: 'Restart',
      caption:
        'End the desktop, its windows and its terminals, and start it again',
      running: true,
      run: async (name, { confirm }) => {
        if (confirm === false || (await mayEnd(name, 'Restart'))) {
          await desktops.restart(name);
        }
      }
    },
    {
      id: MOVE,
      label: 'Move to a Browser Tab',
      caption: 'Show the desktop in a browser tab of its own',
      running: false,
      isPossible: () => shell !== null,
      run: async name => {
        if (openPage(parts, name)) {
          views.find(name)?.dispose();
        } else {
          Notification.warning(
            'The browser blocked the new tab: allow pop-ups for this site and try again.',
            { autoClose: false }
          );
        }
      }
    },
    {
      id: SNAPSHOT,
      label: 'Snapshot into the Notebook',
      caption: 'Put a picture of the desktop into the active cell',
      running: true,
      isPossible: () => notebooks.current !== null,
      run: async name => {
        const png = await desktops.api.screenshot(name);
        const sentence = await keepSnapshot(parts, png, ALT);
        if (sentence) {
          Notification.success(sentence, { autoClose: 3000 });
        } else {
          download(png, fileName(name));
          Notification.info(
            'There is no active code cell: the picture was downloaded.',
            { autoClose: 5000 }
          );
        }
      }
    },
    {
      id: DOWNLOAD,
      label: 'Download a Snapshot',
      caption: 'Save a picture of the desktop as a file',
      running: true,
      run: async name =>
        download(await desktops.api.screenshot(name), fileName(name))
    }
  ];
}

function addDesktopCommand(parts: IParts, command: IDesktopCommand): void {
  const { app, desktops } = parts;
  const named = (args: ReadonlyPartialJSONObject): string =>
    typeof args.name === 'string' && args.name
      ? args.name
      : (args.isContextMenu && clickedDesktop(parts)) || meantDesktop(parts);
  app.commands.addCommand(command.id, {
    label: args =>
      args.isContextMenu
        ? command.label
        : `${titleOf(named(args))}: ${command.label}`,
    caption: command.caption,
    isEnabled: args =>
      (command.isPossible?.() ?? true) &&
      (!command.running || desktops.isRunning(named(args))),
    describedBy: { args: SCHEMA },
    execute: async args => {
      try {
        await command.run(named(args), args);
      } catch (error) {
        await showErrorMessage(titleOf(named(args)), error as Error);
      }
    }
  });
}

const SCHEMA = {
  type: 'object',
  properties: {
    name: {
      type: 'string',
      description: 'The name of the desktop; the one in sight by default'
    },
    confirm: {
      type: 'boolean',
      description: 'Whether to ask before anything is ended; true by default'
    }
  }
};

/** The prefix of `data-context`, which names the desktop of a running item. */
export const CONTEXT = 'casa-desktop:';

function clickedDesktop({ app }: IParts): string | null {
  const node = app.contextMenuHitTest(
    ({ dataset }) => dataset.context?.startsWith(CONTEXT) ?? false
  );
  return node?.dataset.context?.slice(CONTEXT.length) ?? null;
}
