import {
  DEFAULT_PREFERENCES,
  IPreferences,
  IPreferenceStore
} from '../connection/preferences.js';
import { Signal } from '../signal.js';

const KEY = 'casa-desktop:preferences';

/** The page's preferences, in the browser's storage, for all its tabs. */
export class LocalPreferences implements IPreferenceStore {
  current: IPreferences;
  private readonly changed = new Signal();

  constructor(private readonly storage: Storage) {
    this.current = storedPreferences(storage);
    window.addEventListener('storage', ({ key }) => {
      if (key === KEY) {
        this.current = storedPreferences(storage);
        this.changed.emit();
      }
    });
  }

  change(some: Partial<IPreferences>): void {
    this.current = { ...this.current, ...some };
    this.storage.setItem(KEY, JSON.stringify(this.current));
    this.changed.emit();
  }

  listen(listener: () => void): () => void {
    return this.changed.connect(listener);
  }
}

/** The page's preferences; the stored text may be of another version, or broken. */
export function storedPreferences(storage: Storage): IPreferences {
  try {
    const kept: unknown = JSON.parse(storage.getItem(KEY) ?? '{}');
    return { ...DEFAULT_PREFERENCES, ...(kept as Partial<IPreferences>) };
  } catch {
    return DEFAULT_PREFERENCES;
  }
}
