import { keepInCell } from './cells.js';
import type { IHost } from '../view/host.js';
import { moveSvg } from './icon.js';
import type { IParts } from './context.js';

/** The command that moves a desktop's tab out of JupyterLab. */
export const MOVE = 'casa-desktop:move-to-browser-tab';

/** What a view of the desktop `name` finds in JupyterLab. */
export function desktopHost(parts: IParts, name: string): IHost {
  return {
    preferences: parts.settings,
    actions: [
      {
        label: 'Move to a browser tab',
        icon: moveSvg,
        run: () => parts.app.commands.execute(MOVE, { name })
      }
    ],
    folder: () => parts.folder(name),
    keepSnapshot: (png, alt) => keepSnapshot(parts, png, alt)
  };
}

/** Put a picture into the notebook that was used last; null without one. */
export async function keepSnapshot(
  { notebooks }: IParts,
  png: Blob,
  alt: string
): Promise<string | null> {
  return notebooks.current && keepInCell(notebooks.current, png, alt);
}
