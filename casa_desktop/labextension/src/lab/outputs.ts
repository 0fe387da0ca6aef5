import type { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import { PageConfig, PathExt, URLExt } from '@jupyterlab/coreutils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { Contents, Drive } from '@jupyterlab/services';
import type { Widget } from '@lumino/widgets';
import type { IJob } from '../server/jobs.js';

/** The drive with the notebooks that jobs write outside of the server's root. */
const DRIVE = 'CasaJobs';

interface IDocument extends Widget {
  readonly context: DocumentRegistry.Context;
}

/** What jobs have written: it can be read and downloaded. */
class Outputs extends Drive {
  override getDownloadUrl(path: string): Promise<string> {
    const id = encodeURIComponent(PathExt.basename(path, '.ipynb'));
    const result = `casa-desktop/uws/jobs/${id}/results/output`;
    // Not JupyterLab's own: a file of the root may have the same name.
    return Promise.resolve(URLExt.join(this.serverSettings.baseUrl, result));
  }

  override save(): Promise<Contents.IModel> {
    const sentence =
      "The notebook of a job is only shown here. 'Download' in the File menu keeps a copy.";
    return Promise.reject(new Error(sentence));
  }
}

/** The path by which JupyterLab opens the notebook that a job writes. */
export function pathOf({ id, outputPath }: IJob): string {
  return outputPath ?? `${DRIVE}:${id}.ipynb`;
}

/** Whether a path of JupyterLab is that of a job's notebook outside of the root. */
export function isOutside(path: string, contents: Contents.IManager): boolean {
  return contents.driveName(path) === DRIVE;
}

/**
 * Let JupyterLab open what jobs have written outside of the server's root: to be
 * read, so without a kernel, which would work in another folder than the job.
 */
export function addOutputs(
  app: JupyterFrontEnd,
  shell: ILabShell | null
): void {
  const { contents, serverSettings } = app.serviceManager;
  const apiEndpoint = 'casa-desktop/api/job-outputs';
  contents.addDrive(new Outputs({ name: DRIVE, serverSettings, apiEndpoint }));
  app.docRegistry.addWidgetExtension('Notebook', {
    createNew: (_, { path, sessionContext }) => {
      if (isOutside(path, contents)) {
        const preference = sessionContext.kernelPreference;
        sessionContext.kernelPreference = { ...preference, shouldStart: false };
      }
    }
  });
  shell?.currentPathChanged.connect((_, { newValue }) => {
    if (isOutside(newValue, contents)) {
      // After JupyterLab, which puts it into the address.
      queueMicrotask(leaveOut);
    }
  });
}

/**
 * Take the file in front out of the address: when the page is reloaded JupyterLab
 * looks for it in its file browser, which shows no such drive (4.6).
 */
function leaveOut(): void {
  window.history.replaceState({}, '', PageConfig.getUrl({ treePath: '' }));
  PageConfig.setOption('treePath', '');
}

/** Open the notebook that a job writes, as it is now. */
export async function openOutput(
  { commands }: JupyterFrontEnd,
  job: IJob
): Promise<void> {
  const opened = (await commands.execute('docmanager:open', {
    path: pathOf(job)
  })) as IDocument | undefined;
  const context = opened?.context;
  // One that was open already shows what was there when it was opened.
  if (context?.isReady && !context.model.dirty) {
    await context.revert();
  }
}
