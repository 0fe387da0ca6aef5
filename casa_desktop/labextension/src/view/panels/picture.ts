import { element } from '../../dom.js';
import type { IContent } from '../panel.js';
import type { IPreferenceStore } from '../../connection/preferences.js';
import type { Quality } from '../../picture/ladder.js';
import { check } from '../buttons.js';

const CHOICES: readonly [Quality, string, string][] = [
  ['adaptive', 'Adaptive', 'As good as the network allows.'],
  ['lossless', 'Lossless', 'Exact while it moves, too.'],
  ['high', 'High', 'Differences that can hardly be seen.'],
  ['medium', 'Medium', 'For a home connection.'],
  ['low', 'Low', 'For the Wi-Fi of a hotel.']
];

let groups = 0;

/** How the picture is sent while it moves, and how large it is drawn. */
export class PicturePanel implements IContent {
  readonly title = 'Picture';
  readonly node = element('div', 'Column');
  private readonly inputs = new Map<Quality, HTMLInputElement>();
  private readonly sharp = check(
    'One to one on HiDPI screens',
    'As sharp as the screen can; takes more of the network.',
    sharp => this.store.change({ sharp })
  );

  constructor(private readonly store: IPreferenceStore) {
    const field = element('fieldset', 'Choices');
    field.append(element('legend', 'Hint', 'While the picture moves'));
    const name = `casa-desktop-quality-${(groups += 1)}`;
    for (const [quality, label, hint] of CHOICES) {
      const { node, input } = check(label, hint, () =>
        this.store.change({ quality })
      );
      input.type = 'radio';
      input.name = name;
      this.inputs.set(quality, input);
      field.append(node);
    }
    const rest = 'As soon as it stands still it is made exact.';
    this.node.append(field, element('p', 'Hint', rest), this.sharp.node);
  }

  get first(): HTMLElement | undefined {
    return this.inputs.get(this.store.current.quality);
  }

  refresh(): void {
    const { quality, sharp } = this.store.current;
    this.inputs.forEach((input, key) => {
      input.checked = key === quality;
    });
    this.sharp.input.checked = sharp;
  }
}
