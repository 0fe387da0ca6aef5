import { base64 } from '../dom.js';
import type { INotebookPanel } from './notebooks.js';

/** As much of a notebook's cell as is needed here. */
export interface ICell {
  readonly model: {
    readonly type: string;
    readonly outputs?: { add(output: unknown): number };
  };
}

/**
 * Put a picture into the active cell of a notebook, as `%casa_snapshot` does.
 *
 * @returns a sentence that says where it is; null if the cell has no outputs.
 */
export async function keepInCell(
  panel: INotebookPanel,
  png: Blob,
  alt: string
): Promise<string | null> {
  const { activeCell, activeCellIndex } = panel.content;
  if (activeCell?.model.type !== 'code' || !activeCell.model.outputs) {
    return null;
  }
  activeCell.model.outputs.add({
    output_type: 'display_data',
    data: { 'image/png': await base64(png), 'text/plain': alt },
    metadata: { 'image/png': { alt } }
  });
  const place = `cell ${activeCellIndex + 1} of ${panel.title.label}`;
  return `The picture is in ${place}.`;
}
