import type { Quality } from '../picture/quality.js';

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

/** What holds until the user says otherwise. */
export const DEFAULT_PREFERENCES: IPreferences = {
  quality: 'adaptive',
  sharp: true,
  clipboard: true,
  keyboard: true
};

/** Where preferences are kept, and who hears of their changes. */
export interface IPreferenceStore {
  /** What holds now. */
  readonly current: IPreferences;
  /** Change some of them, and keep them. */
  change(some: Partial<IPreferences>): void;
  /** Call `listener` after each change; returns what ends that. */
  listen(listener: () => void): () => void;
}
