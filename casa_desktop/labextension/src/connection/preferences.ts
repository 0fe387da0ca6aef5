import type { Quality } from '../picture/ladder.js';

/** What a user chooses about views; JupyterLab and the page each keep them. */
export interface IPreferences {
  /** How the picture is sent. */
  readonly quality: Quality;
  /** One pixel of the desktop for each of the screen, on HiDPI screens too. */
  readonly sharp: boolean;
  /** Whether the clipboards of browser and desktop follow each other. */
  readonly clipboard: boolean;
  /** Whether every key goes to the desktop, the browser's shortcuts too. */
  readonly keyboard: boolean;
}

/** The defaults. */
export const DEFAULT_PREFERENCES: IPreferences = {
  quality: 'adaptive',
  sharp: true,
  clipboard: true,
  keyboard: true
};

/** Keeps preferences, and reports their changes. */
export interface IPreferenceStore {
  /** The current preferences. */
  readonly current: IPreferences;
  /** Change some of them, and keep them. */
  change(some: Partial<IPreferences>): void;
  /** Call `listener` after each change; returns a function that ends this. */
  listen(listener: () => void): () => void;
}
