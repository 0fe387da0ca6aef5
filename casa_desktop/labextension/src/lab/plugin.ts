import type {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd
} from '@jupyterlab/application';
import type {
  ICommandPalette,
  IToolbarWidgetRegistry,
  WidgetTracker
} from '@jupyterlab/apputils';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import type { ILauncher } from '@jupyterlab/launcher';
import type { IRunningSessionManagers } from '@jupyterlab/running';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { IStatusBar } from '@jupyterlab/statusbar';
import type { Widget } from '@lumino/widgets';
import { Api } from '../server/api.js';
import { JobApi } from '../server/jobs.js';
import { addRunCommand } from './background.js';
import { addOpenCommand, OPEN } from './opencommand.js';
import { addCommands, OPEN_ANOTHER, PALETTE } from './commands.js';
import { answerConsoles } from './consoles.js';
import { Desktops } from './desktops.js';
import { addJobCommands } from './jobcommands.js';
import { Jobs } from './jobs.js';
import { welcomeBack } from '../view/handover.js';
import { Notebooks } from './notebooks.js';
import { addOutputs } from './outputs.js';
import { IParts, placeBeside } from './context.js';
import { answerButtons } from './reuserenderer.js';
import { addRunning } from './running.js';
import { addRunningJobs } from './runningjobs.js';
import { labServer } from './server.js';
import { LabSettings } from './settings.js';
import { addStatusItem } from './statusbar.js';
import { addToolbarItems } from './notebooktoolbar.js';
import { Views } from './views.js';
import type { DesktopWidget } from './widget.js';

/** The plugin, and the name of its settings. */
export const ID = 'casa-desktop-labextension:plugin';

const CATEGORY = 'CASA';

/** The parts of the application that it may lack. */
interface IOffers {
  readonly shell: ILabShell | null;
  readonly launcher: ILauncher | null;
  readonly palette: ICommandPalette | null;
  readonly restorer: ILayoutRestorer | null;
  readonly registry: ISettingRegistry | null;
  readonly toolbars: IToolbarWidgetRegistry | null;
  readonly statusBar: IStatusBar | null;
  readonly running: IRunningSessionManagers | null;
  readonly files: IDefaultFileBrowser | null;
}

/** Put the desktop into each place that the application has for it. */
export function activateDesktop(
  app: JupyterFrontEnd,
  tracker: WidgetTracker<DesktopWidget>,
  offers: IOffers
): void {
  const parts = assemble(app, tracker, offers);
  const { desktops, jobs, views } = parts;
  addOpenCommand(parts, tracker);
  addCommands(parts);
  addOutputs(app, offers.shell);
  addJobCommands(parts);
  addRunCommand(parts);
  addPlaces(parts, offers);
  app.docRegistry.addWidgetExtension('Notebook', parts.notebooks);
  if (offers.shell) {
    fetchAhead(app);
    answerConsoles(offers.shell, showBeside(parts));
    welcomeBack(desktops.api.server.baseUrl, async name => {
      await app.commands.execute(OPEN, { name });
    });
  }
  answerButtons(app, (node, key) => {
    void parts.notebooks.runAgain(node, key);
  });
  void offers.restorer?.restore(tracker, {
    command: OPEN,
    args: ({ desktop }) => ({ name: desktop, activate: false }),
    name: ({ desktop }) => desktop
  });
  views.turned.connect(() => desktops.refreshSoon());
  // A tab whose desktop was stopped reconnects when that is started elsewhere.
  desktops.started.connect((_, name) => views.find(name)?.reopen());
  desktops.follow(app.serviceManager);
  jobs.follow(app.serviceManager);
}

/**
 * Fetch noVNC when the browser is idle: it is the largest download between a
 * click on the card and the first picture.
 */
function fetchAhead(app: JupyterFrontEnd): void {
  void app.restored.then(() => {
    // Safari has no idle callbacks.
    (window.requestIdleCallback ?? window.setTimeout)(() => {
      import('../connection/novnc.js').catch(() => {
        // The view fetches it again when it needs it, and shows the error.
      });
    });
  });
}

function assemble(
  app: JupyterFrontEnd,
  tracker: WidgetTracker<DesktopWidget>,
  { shell, registry, files }: IOffers
): IParts {
  const settings = new LabSettings();
  const ready = registry ? settings.load(registry, ID) : Promise.resolve();
  const notebooks = new Notebooks(app, settings, ready, (panel, name) =>
    showBeside(parts)(panel, name)
  );
  const api = new Api(labServer(app.serviceManager.serverSettings));
  const parts: IParts = {
    app,
    shell,
    settings,
    notebooks,
    desktops: new Desktops(api),
    jobs: new Jobs(new JobApi(api)),
    views: new Views(tracker),
    folder: desktop => notebooks.folder(desktop) ?? browsed(app, files)
  };
  return parts;
}

function addPlaces(
  parts: IParts,
  { launcher, palette, toolbars, statusBar, running }: IOffers
): void {
  launcher?.add({ command: OPEN, category: CATEGORY, rank: 1 });
  launcher?.add({ command: OPEN_ANOTHER, category: CATEGORY, rank: 2 });
  for (const [command, args] of palette ? PALETTE : []) {
    palette?.addItem({
      command,
      category: CATEGORY,
      args: { ...args, isPalette: true }
    });
  }
  if (toolbars) {
    addToolbarItems(parts, toolbars);
  }
  if (statusBar) {
    addStatusItem(parts, statusBar);
  }
  if (running) {
    addRunning(parts, running);
    addRunningJobs(parts, running);
  }
}

/**
 * How a kernel shows a desktop. It does not take the keyboard, because the user
 * may be typing in a cell. Where there are no tabs, as in Notebook 7, nothing
 * opens: users have the link in the cell and the toolbar's button.
 */
function showBeside(
  parts: IParts
): (panel: Widget, name: string) => Promise<void> {
  return async (panel, name) => {
    if (parts.shell) {
      const beside = placeBeside(parts, panel);
      await parts.app.commands.execute(OPEN, { name, ...beside, focus: false });
    }
  };
}

/** The folder that the file browser shows, if it is the server's. */
function browsed(
  { serviceManager: { contents } }: JupyterFrontEnd,
  files: IDefaultFileBrowser | null
): string {
  const path = files?.model.path ?? '';
  // Real-time collaboration puts the server's own files on a drive.
  return ['', 'RTC'].includes(contents.driveName(path))
    ? contents.localPath(path)
    : '';
}
