import type { IPreferenceStore } from '../connection/preferences.js';

/** A button that only the page or only JupyterLab has. */
export interface IAction {
  /** The button's tooltip, and its name for screen readers. */
  readonly label: string;
  /** The SVG of its icon. */
  readonly icon: string;
  run(): void | Promise<void>;
}

/**
 * What a place may lack: a Jupyter server that takes files, or that makes links
 * to share; or ownership: the desktop is another user's, and can only be watched.
 * The others, and links, may be switched off by the server's administrator: the
 * clipboard, from the browser to the desktop or back, and files likewise.
 */
export type Lack =
  | 'files'
  | 'shares'
  | 'ownership'
  | 'clipboard-in'
  | 'clipboard-out'
  | 'uploads'
  | 'downloads';

/** What a view asks of the place that it is in: a page or a tab of JupyterLab. */
export interface IHost {
  readonly preferences: IPreferenceStore;
  /** The place's own buttons, as for moving the view elsewhere. */
  readonly actions: readonly IAction[];
  /** What the place lacks; nothing by default. */
  readonly lacks?: readonly Lack[];
  /** Where dropped files go: a path of Jupyter's contents API, '' for its root. */
  folder(): string;
  /**
   * Put a picture of the desktop where the user works, and resolve with a
   * sentence that names the place, or null if there is none just now. Without
   * this function, pictures can only be downloaded.
   */
  readonly keepSnapshot?: (png: Blob, alt: string) => Promise<string | null>;
}
