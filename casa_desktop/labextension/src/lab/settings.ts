import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { PartialJSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import {
  DEFAULT_PREFERENCES,
  IPreferences,
  IPreferenceStore
} from '../connection/preferences.js';

/** What a user chooses in JupyterLab's settings editor. */
export interface ISettings extends IPreferences {
  /** Whether a notebook gets a desktop of its own. */
  readonly desktopPerNotebook: boolean;
  /** Whether a desktop that a kernel asks for opens beside the notebook. */
  readonly openBeside: boolean;
}

/** The defaults, without a settings system too; the schema has the same. */
const DEFAULT_SETTINGS: ISettings = {
  ...DEFAULT_PREFERENCES,
  desktopPerNotebook: false,
  openBeside: true
};

/**
 * The user's choices, kept in JupyterLab's settings system.
 *
 * Where there is none they last as long as the page.
 */
export class LabSettings implements IPreferenceStore {
  private own: Partial<ISettings> = {};
  private kept: ISettingRegistry.ISettings | null = null;
  private readonly changed = new Signal<this, void>(this);

  /** The current settings. */
  get current(): ISettings {
    const kept = this.kept?.composite as Partial<ISettings> | undefined;
    return { ...DEFAULT_SETTINGS, ...kept, ...this.own };
  }

  /** Use the settings of the plugin `id` from now on. */
  async load(registry: ISettingRegistry, id: string): Promise<void> {
    try {
      this.kept = await registry.load(id);
      this.own = {};
      this.kept.changed.connect(() => this.changed.emit());
      this.changed.emit();
    } catch (error) {
      console.error('CASA Desktop: the settings cannot be read.', error);
    }
  }

  change(some: Partial<IPreferences>): void {
    if (this.kept) {
      void this.keep(this.kept, some);
    } else {
      this.own = { ...this.own, ...some };
      this.changed.emit();
    }
  }

  listen(listener: () => void): () => void {
    this.changed.connect(listener);
    return () => {
      this.changed.disconnect(listener);
    };
  }

  private async keep(
    settings: ISettingRegistry.ISettings,
    some: Partial<IPreferences>
  ): Promise<void> {
    for (const [key, value] of Object.entries(some as PartialJSONObject)) {
      try {
        await settings.set(key, value ?? null);
      } catch (error) {
        console.error(`CASA Desktop: “${key}” cannot be kept.`, error);
      }
    }
  }
}
