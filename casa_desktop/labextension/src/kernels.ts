import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';

/** The comm target that kernels open to have a desktop shown. */
export const COMM_TARGET = 'casa-desktop';

/** Shows the desktop `name`, and resolves once its tab is there. */
export type Opener = (name: string) => Promise<void>;

/**
 * Answer the kernels of one session, whichever kernel it has by and by.
 *
 * Registering twice does no harm: the later callback replaces the earlier. So
 * it is done anew whenever a kernel may have forgotten it, as after a restart.
 */
export function answerKernels(
  context: ISessionContext,
  open: Opener
): IDisposable {
  const register = (): void => {
    const kernel = context.session?.kernel;
    // Of several connections to one kernel, only one handles its comms.
    if (kernel?.handleComms) {
      kernel.registerCommTarget(COMM_TARGET, (comm, message) =>
        answer(comm, message, open)
      );
    }
  };
  context.kernelChanged.connect(register);
  context.connectionStatusChanged.connect(register);
  register();
  return new DisposableDelegate(() => {
    context.kernelChanged.disconnect(register);
    context.connectionStatusChanged.disconnect(register);
  });
}

async function answer(
  comm: Kernel.IComm,
  message: KernelMessage.ICommOpenMsg,
  open: Opener
): Promise<void> {
  const { action, name } = message.content.data;
  if (action !== 'open') {
    return;
  }
  const opened = typeof name === 'string' && name ? name : 'main';
  await open(opened);
  comm.send({ opened });
}
