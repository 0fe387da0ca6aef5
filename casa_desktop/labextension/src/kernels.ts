import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { JSONValue, ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';

/** The comm target that kernels and this extension open to each other. */
export const COMM_TARGET = 'casa-desktop';

/** What a CASA kernel can have done in the document in front of it. */
export interface IFront {
  /** Show the desktop `name`; resolve once its tab is there. */
  open(name: string): Promise<void>;
  /** The modes kept in the document; null if there are none. */
  readModes(): JSONValue;
  /** Keep these modes in the document. */
  saveModes(modes: JSONValue): void;
}

/**
 * Greet and answer the kernels of one session, whichever it has by and by.
 *
 * Registering twice does no harm: the later callback replaces the earlier. So
 * it is done anew whenever a kernel may have forgotten it, as after a restart.
 */
export function answerKernels(
  context: ISessionContext,
  front: IFront
): IDisposable {
  let greeting: Kernel.IComm | null = null;
  const greet = (kernel: Kernel.IKernelConnection): void => {
    // A restart disposes the comms of the kernel that was.
    const isNews = !greeting || greeting.isDisposed;
    if (isNews && !kernel.isDisposed && kernel === context.session?.kernel) {
      greeting = hello(kernel, front);
    }
  };
  const meet = (): void => {
    const kernel = context.session?.kernel;
    // Of several connections to one kernel, only one handles its comms.
    if (kernel?.handleComms) {
      kernel.registerCommTarget(COMM_TARGET, (comm, message) =>
        answer(comm, message, front)
      );
      ifCasa(kernel, greet);
    }
  };
  const change = (): void => {
    greeting = null;
    meet();
  };
  const changeStatus = (_: ISessionContext, status: Kernel.Status): void => {
    if (status === 'restarting' || status === 'autorestarting') {
      // In a moment the old comms are gone, and what is sent then waits for
      // the new kernel: the greeting is to be ahead of the next cell.
      void Promise.resolve().then(meet);
    }
  };
  context.kernelChanged.connect(change);
  context.connectionStatusChanged.connect(meet);
  context.statusChanged.connect(changeStatus);
  meet();
  return new DisposableDelegate(() => {
    context.kernelChanged.disconnect(change);
    context.connectionStatusChanged.disconnect(meet);
    context.statusChanged.disconnect(changeStatus);
  });
}

/** Call `greet` if `kernel` is a CASA kernel: only they know the target. */
function ifCasa(
  kernel: Kernel.IKernelConnection,
  greet: (kernel: Kernel.IKernelConnection) => void
): void {
  // At once where the name tells, so that the greeting is on its way before
  // any cell; a kernelspec of another name is known by what its kernel says.
  if (/^casa\b/.test(kernel.name)) {
    greet(kernel);
    return;
  }
  kernel.info.then(
    ({ implementation }) => {
      if (implementation === 'casa') {
        greet(kernel);
      }
    },
    () => {
      // It never came up, and the document says so.
    }
  );
}

function hello(kernel: Kernel.IKernelConnection, front: IFront): Kernel.IComm {
  const comm = kernel.createComm(COMM_TARGET);
  // On a subshell it might be overtaken by the first cell.
  comm.commsOverSubshells = 'disabled' as Kernel.IComm['commsOverSubshells'];
  comm.open({
    action: 'hello',
    pixelRatio: window.devicePixelRatio,
    modes: front.readModes()
  });
  return comm;
}

async function answer(
  comm: Kernel.IComm,
  message: KernelMessage.ICommOpenMsg,
  front: IFront
): Promise<void> {
  const { action, name, modes } = message.content.data;
  if (action === 'open') {
    const opened = typeof name === 'string' && name ? name : 'main';
    await front.open(opened);
    comm.send({ opened });
  } else if (action === 'modes' && isRecord(modes)) {
    front.saveModes(modes);
    comm.close();
  }
}

function isRecord(value: unknown): value is JSONValue & object {
  return typeof value === 'object' && value !== null;
}

/** What a document keeps under the key `casa` of its metadata. */
type Metadata = { [key: string]: ReadonlyPartialJSONValue | undefined };

/** The modes in a document's `casa` metadata, whoever wrote it. */
export function modesOf(metadata: unknown): JSONValue {
  return isRecord(metadata)
    ? (((metadata as Metadata).modes ?? null) as JSONValue)
    : null;
}

/** A document's `casa` metadata with other modes, and all else as it was. */
export function withModes(metadata: unknown, modes: JSONValue): JSONValue {
  return isRecord(metadata) && !Array.isArray(metadata)
    ? { ...(metadata as { [key: string]: JSONValue }), modes }
    : { modes };
}
