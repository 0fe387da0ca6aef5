import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { JSONValue, ReadonlyPartialJSONValue } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { MAIN, nameIn } from '../server/names.js';
import { IKernelState, keptModes, Mode, stateIn } from './modes.js';

/** The comm target that kernels and this extension open to each other. */
const COMM_TARGET = 'casa-desktop';

/** What a document keeps for its kernel: modes, and whether results are reused. */
export type Kept = 'modes' | 'reuse';

/** What a CASA kernel can ask of the document that it belongs to. */
export interface IFront {
  /** Show the desktop `name`; resolve once its tab is there. */
  open(name: string): Promise<void>;
  /** What the document keeps under a name; null if there is nothing. */
  read(name: Kept): JSONValue;
  /** Keep a value in the document. */
  save(name: Kept, value: JSONValue): void;
  /** The document's own desktop; null if it has none. */
  desktop(): string | null;
}

/**
 * The CASA kernel of one session, which may change over time.
 *
 * It greets kernels, answers them and keeps the state that they report. It
 * registers the comm target anew whenever a kernel may have lost it, as after a
 * restart; the later callback replaces the earlier one.
 */
export class CasaKernel implements IDisposable {
  private greeting: Kernel.IComm | null = null;
  private told: IKernelState | null = null;
  private wanted: Mode | null = null;
  private ended = false;
  /** Emitted when the kernel, its state or the mode to come has changed. */
  readonly changed = new Signal<this, void>(this);

  constructor(
    private readonly context: ISessionContext,
    private readonly front: IFront
  ) {}

  /** Whether the session has a CASA kernel. */
  get isHere(): boolean {
    return this.greeting !== null;
  }

  /** What the kernel reported last; before that, what the document keeps. */
  get state(): IKernelState {
    return (
      this.told ?? {
        ...keptModes(this.front.read('modes')),
        desktop: this.front.desktop() ?? MAIN,
        reuse: this.front.read('reuse') === true
      }
    );
  }

  /** The mode that a busy kernel will have after its cell; null if none. */
  get pending(): Mode | null {
    return this.wanted;
  }

  get isDisposed(): boolean {
    return this.ended;
  }

  /** Greet the current kernel and each later one. */
  begin(): void {
    if (!this.ended) {
      this.context.kernelChanged.connect(this.change, this);
      this.context.connectionStatusChanged.connect(this.meet, this);
      this.context.statusChanged.connect(this.changeStatus, this);
      this.meet();
    }
  }

  dispose(): void {
    this.ended = true;
    Signal.clearData(this);
  }

  /** Set the mode of all tasks that have none of their own. */
  setMode(mode: Mode): void {
    const sent = this.greeting?.send({ action: 'mode', mode });
    if (!sent) {
      return;
    }
    this.wanted = mode;
    this.changed.emit();
    // The kernel has handled it when it is idle again, successfully or not.
    const handled = (): void => {
      if (this.wanted === mode) {
        this.wanted = null;
        this.changed.emit();
      }
    };
    sent.done.then(handled, handled);
  }

  /** Switch the reuse of results on or off. */
  setReuse(on: boolean): void {
    this.greeting?.send({ action: 'reuse', on });
  }

  /** Have the call with a key made when it is next asked for. */
  makeAnew(key: string): void {
    this.greeting?.send({ action: 'make-anew', key });
  }

  private change(): void {
    this.forget();
    this.meet();
  }

  private forget(): void {
    this.greeting = this.told = this.wanted = null;
    this.changed.emit();
  }

  private meet(): void {
    const kernel = this.context.session?.kernel;
    // Of several connections to one kernel, only one handles its comms.
    if (kernel?.handleComms) {
      kernel.registerCommTarget(COMM_TARGET, (comm, message) =>
        answer(comm, message, this.front)
      );
      ifCasa(kernel, () => this.greet(kernel));
    }
  }

  private changeStatus(_: ISessionContext, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting') {
      // In the next microtask the old comms are gone, and messages wait for the
      // new kernel: the greeting must come before the next cell.
      void Promise.resolve().then(() => this.meet());
    }
  }

  private greet(kernel: Kernel.IKernelConnection): void {
    // A restart disposes the comms of the previous kernel.
    const isNews = !this.greeting || this.greeting.isDisposed;
    const isOurs = kernel === this.context.session?.kernel;
    if (isNews && isOurs && !kernel.isDisposed && !this.ended) {
      this.greeting = hello(kernel, this.front);
      this.greeting.onMsg = ({ content }) => this.hear(content.data);
      this.changed.emit();
    }
  }

  private hear(data: unknown): void {
    const state = stateIn(data);
    if (state) {
      this.told = state;
      this.changed.emit();
    }
  }
}

/** Call `greet` if `kernel` is a CASA kernel: no other has the target. */
function ifCasa(kernel: Kernel.IKernelConnection, greet: () => void): void {
  // At once where the kernelspec's name shows it, so that the greeting is sent
  // before any cell. Other kernels report their implementation.
  if (/^casa\b/.test(kernel.name)) {
    greet();
    return;
  }
  kernel.info.then(
    ({ implementation }) => {
      if (implementation === 'casa') {
        greet();
      }
    },
    () => {
      // The kernel did not start; the document shows that.
    }
  );
}

function hello(kernel: Kernel.IKernelConnection, front: IFront): Kernel.IComm {
  const comm = kernel.createComm(COMM_TARGET);
  // On a subshell the first cell might run before it.
  comm.commsOverSubshells = 'disabled' as Kernel.IComm['commsOverSubshells'];
  comm.open({
    action: 'hello',
    pixelRatio: window.devicePixelRatio,
    modes: front.read('modes'),
    reuse: front.read('reuse'),
    desktop: front.desktop()
  });
  return comm;
}

async function answer(
  comm: Kernel.IComm,
  message: KernelMessage.ICommOpenMsg,
  front: IFront
): Promise<void> {
  const { action, name, modes, reuse } = message.content.data;
  if (action === 'open') {
    const opened = nameIn(name);
    await front.open(opened);
    comm.send({ opened });
  } else if (action === 'modes' && isRecord(modes)) {
    front.save('modes', modes);
    comm.close();
  } else if (action === 'reuse' && typeof reuse === 'boolean') {
    front.save('reuse', reuse);
    comm.close();
  }
}

function isRecord(value: unknown): value is JSONValue & object {
  return typeof value === 'object' && value !== null;
}

/** What a document keeps under the key `casa` of its metadata. */
type Metadata = { [key: string]: ReadonlyPartialJSONValue | undefined };

/** A value in a document's `casa` metadata, which may be of any shape. */
export function keptIn(metadata: unknown, name: Kept): JSONValue {
  return isRecord(metadata)
    ? (((metadata as Metadata)[name] ?? null) as JSONValue)
    : null;
}

/** A document's `casa` metadata with another value and everything else kept. */
export function withKept(
  metadata: unknown,
  name: Kept,
  value: JSONValue
): JSONValue {
  return isRecord(metadata) && !Array.isArray(metadata)
    ? { ...(metadata as { [key: string]: JSONValue }), [name]: value }
    : { [name]: value };
}
