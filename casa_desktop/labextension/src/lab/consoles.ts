import type { ILabShell } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Widget } from '@lumino/widgets';
import { CasaKernel } from './casakernel.js';

const CONSOLE = 'jp-ConsolePanel';

interface IHasSession {
  readonly sessionContext: ISessionContext;
}

/** Lets the kernel of each console show the desktop beside that console. */
export function answerConsoles(
  shell: ILabShell,
  show: (panel: Widget, name: string) => Promise<void>
): void {
  const known = new WeakSet<Widget>();
  const look = (): void => {
    for (const panel of shell.widgets('main')) {
      const { sessionContext } = panel as Partial<IHasSession> & Widget;
      // By its class: JupyterLab's package of consoles would be a dependency
      // for its type alone.
      if (sessionContext && panel.hasClass(CONSOLE) && !known.has(panel)) {
        known.add(panel);
        const kernel = new CasaKernel(sessionContext, {
          open: name => show(panel, name),
          read: () => null,
          save: () => undefined,
          desktop: () => null
        });
        kernel.begin();
        panel.disposed.connect(() => kernel.dispose());
      }
    }
  };
  shell.layoutModified.connect(look);
  look();
}
