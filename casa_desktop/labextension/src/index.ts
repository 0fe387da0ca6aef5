import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  IToolbarWidgetRegistry,
  WidgetTracker
} from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { activateDesktop, ID } from './lab/plugin.js';
import { imageFactory } from './lab/images.js';
import { labHost, logFactory } from './lab/logrenderer.js';
import { reuseFactory } from './lab/reuserenderer.js';
import type { DesktopWidget } from './lab/widget.js';

/** The CASA Desktop in JupyterLab and Notebook 7. */
const desktop: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Shows the CASA Desktop in a tab, also when a kernel asks.',
  autoStart: true,
  optional: [
    ILabShell,
    ILauncher,
    ICommandPalette,
    ILayoutRestorer,
    ISettingRegistry,
    IToolbarWidgetRegistry,
    IStatusBar,
    IRunningSessionManagers,
    IDefaultFileBrowser
  ],
  activate(
    app: JupyterFrontEnd,
    shell: ILabShell | null,
    launcher: ILauncher | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    registry: ISettingRegistry | null,
    toolbars: IToolbarWidgetRegistry | null,
    statusBar: IStatusBar | null,
    running: IRunningSessionManagers | null,
    files: IDefaultFileBrowser | null
  ): void {
    const tracker = new WidgetTracker<DesktopWidget>({
      namespace: 'casa-desktop'
    });
    activateDesktop(app, tracker, {
      shell,
      launcher,
      palette,
      restorer,
      registry,
      toolbars,
      statusBar,
      running,
      files
    });
  }
};

/** The log of a cell, while it runs and after. */
const log: JupyterFrontEndPlugin<void> = {
  id: 'casa-desktop-labextension:log',
  description:
    'Shows what CASA logs under the cell that runs, and which results are reused.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  activate(app: JupyterFrontEnd, registry: IRenderMimeRegistry): void {
    const host = labHost(app);
    registry.addFactory(logFactory(host));
    registry.addFactory(reuseFactory(host));
  }
};

/** Images with their text alternatives. */
const images: JupyterFrontEndPlugin<void> = {
  id: 'casa-desktop-labextension:images',
  description: 'Gives images the text alternatives from their metadata.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  activate(_app: JupyterFrontEnd, registry: IRenderMimeRegistry): void {
    registry.addFactory(imageFactory);
  }
};

export default [desktop, log, images];
