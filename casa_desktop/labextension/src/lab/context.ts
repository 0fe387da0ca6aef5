import type { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import type { Widget } from '@lumino/widgets';
import { MAIN } from '../server/names.js';
import type { Desktops } from './desktops.js';
import type { Jobs } from './jobs.js';
import type { Notebooks } from './notebooks.js';
import type { LabSettings } from './settings.js';
import type { Views } from './views.js';

/** What the commands, and the places that show them, work with. */
export interface IParts {
  readonly app: JupyterFrontEnd;
  /** Where tabs go; null in Notebook 7, which has a browser tab for each. */
  readonly shell: ILabShell | null;
  readonly desktops: Desktops;
  readonly jobs: Jobs;
  readonly views: Views;
  readonly notebooks: Notebooks;
  readonly settings: LabSettings;
  /** Where files for a desktop go, as a path of the contents API. */
  folder(desktop: string): string;
}

/** Where a notebook's desktop opens: arguments of `casa-desktop:open`. */
export function placeBeside(
  { settings }: IParts,
  panel: Widget
): { mode: 'split-right' | 'tab-after'; ref: string } {
  const mode = settings.current.openBeside ? 'split-right' : 'tab-after';
  return { mode, ref: panel.id };
}

/** The desktop of a command without a name: the one in front, else the notebook's. */
export function meantDesktop({ shell, views, notebooks }: IParts): string {
  const inSight = shell?.currentWidget;
  const view = views.tracker.find((widget: Widget) => widget === inSight);
  return (
    view?.desktop ??
    notebooks.kernel?.state.desktop ??
    views.current?.desktop ??
    MAIN
  );
}

/** The address of a desktop's page, with the folder for dropped files. */
export function pageUrl({ desktops, folder }: IParts, name: string): string {
  const { baseUrl } = desktops.api.server;
  const url = new URL(`casa-desktop/${name}/`, baseUrl);
  if (folder(name)) {
    url.searchParams.set('folder', folder(name));
  }
  return url.href;
}
