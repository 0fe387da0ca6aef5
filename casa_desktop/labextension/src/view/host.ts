import type { IPreferenceStore } from '../connection/preferences.js';

/** A button that only one of the places has where a view can be. */
export interface IAction {
  /** What the button says to those who hover, and to screen readers. */
  readonly label: string;
  /** The SVG of its icon. */
  readonly icon: string;
  run(): void | Promise<void>;
}

/**
 * What a place may lack: a Jupyter server that takes files, or that makes links
 * to share; or the desktop is another's, and can be looked at only.
 */
export type Lack = 'files' | 'shares' | 'ownership';

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
   * sentence that says where; null if there is no such place just now. Without
   * it, pictures can only be downloaded.
   */
  readonly keepSnapshot?: (png: Blob, alt: string) => Promise<string | null>;
}
