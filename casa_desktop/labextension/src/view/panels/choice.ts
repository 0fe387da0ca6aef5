import { element } from '../../dom.js';
import type { IContent } from '../panel.js';
import { button } from '../buttons.js';

/** One button of a choice. */
interface IChoice {
  readonly label: string;
  readonly kind?: 'plain' | 'main' | 'danger';
  run(): void;
}

/** A question with buttons for the answers. */
export class ChoicePanel implements IContent {
  readonly node = element('div', 'Column');

  constructor(
    readonly title: string,
    hint: string,
    choices: readonly IChoice[]
  ) {
    const buttons = element('div', 'Buttons');
    buttons.append(
      ...choices.map(({ label, kind, run }) => button(label, run, kind))
    );
    this.node.append(element('p', 'Hint', hint), buttons);
  }
}
