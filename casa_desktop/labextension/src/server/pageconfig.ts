import type { IDesktop } from './api.js';
import type { SocketAhead } from './socketahead.js';

/** The page's window, in which its scripts leave something for each other. */
interface IPageWindow extends Window {
  /** What the page's first script has opened, until its view takes it. */
  casaDesktopSocket?: SocketAhead;
}

export const pageWindow: IPageWindow = window;

/** What the server writes into the page. */
export interface IConfig {
  readonly baseUrl: string;
  readonly name: string;
  readonly token: string;
  /** The token of a link to another user's desktop, or nothing. */
  readonly share?: string;
  /** Without Jupyter: what to do when the page's server has ended. */
  readonly remedy?: string;
  /** Whether the server has JupyterLab. */
  readonly lab?: boolean;
  /** The desktop, if it was running when the page was asked for. */
  readonly desktop?: IDesktop;
  /** The path of its websocket, if it was running then or being started. */
  readonly websocket?: string;
}

/** What the server has written into this page. */
export function config(): IConfig {
  const script = document.getElementById('casa-desktop-config');
  return JSON.parse(script?.textContent ?? '{}') as IConfig;
}

/** The absolute URL of a path of the server's, for a websocket. */
export function websocketUrl(path: string): string {
  return new URL(path, location.href).href.replace(/^http/, 'ws');
}
