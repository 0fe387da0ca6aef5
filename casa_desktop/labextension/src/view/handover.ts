/** The channel on which tabs of one browser arrange to move a view. */
const CHANNEL = 'casa-desktop';

/** How long a JupyterLab may take to answer, in milliseconds. */
const PATIENCE = 1500;

interface IMove {
  readonly type: 'show' | 'shown';
  /** The server's base URL: one browser may have several servers open. */
  readonly baseUrl: string;
  readonly name: string;
}

/** The server's absolute URL; the page has only a path. */
function place(baseUrl: string): string {
  return new URL(baseUrl, location.href).href;
}

/**
 * Ask the JupyterLab in another tab of this browser to show a desktop.
 *
 * Resolves with whether one has shown it.
 */
export function returnToLab(baseUrl: string, name: string): Promise<boolean> {
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise<boolean>(resolve => {
    const timer = setTimeout(() => resolve(false), PATIENCE);
    channel.onmessage = ({ data }: MessageEvent<IMove>) => {
      if (isFor(data, 'shown', baseUrl) && data.name === name) {
        clearTimeout(timer);
        resolve(true);
      }
    };
    send(channel, { type: 'show', baseUrl, name });
  }).finally(() => channel.close());
}

/**
 * Show the desktops that pages of this browser give back, from now on.
 *
 * @param show shows one, and resolves once it is there.
 * @returns a function that ends this.
 */
export function welcomeBack(
  baseUrl: string,
  show: (name: string) => Promise<void>
): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<IMove>) => {
    if (isFor(data, 'show', baseUrl)) {
      void show(data.name).then(() =>
        send(channel, { type: 'shown', baseUrl, name: data.name })
      );
    }
  };
  return () => channel.close();
}

function isFor(data: IMove, type: IMove['type'], baseUrl: string): boolean {
  return data.type === type && place(data.baseUrl) === place(baseUrl);
}

function send(channel: BroadcastChannel, move: IMove): void {
  channel.postMessage(move);
}
