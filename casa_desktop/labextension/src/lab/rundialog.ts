import { Dialog } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';
import type { IOffer } from '../server/jobs.js';
import { changed } from './jobtext.js';

/** What was typed into the dialog. */
export interface IChoice {
  readonly parameters: Record<string, string>;
  readonly engine: string;
  readonly options: string;
  readonly output: string;
}

const ENGINES: Readonly<Record<string, string>> = {
  here: 'This machine',
  slurm: 'Slurm'
};

/** Fields for a run's parameters, place and output; errors are shown below. */
export class RunForm extends Widget implements Dialog.IBodyWidget<IChoice> {
  private readonly fields = new Map<string, HTMLInputElement>();
  private readonly engine = document.createElement('select');
  private readonly options = input('');
  private readonly output: HTMLInputElement;
  private readonly trouble = document.createElement('p');

  /**
   * @param before the form that the server has refused, whose texts are kept.
   * @param sentence why it was refused.
   */
  constructor(
    private readonly offer: IOffer,
    before: RunForm | null = null,
    sentence = ''
  ) {
    super();
    this.addClass('casa-desktop-RunForm');
    this.output = input(offer.output);
    this.node.append(...this.parameters(), ...this.place(), this.trouble);
    this.trouble.className = 'casa-desktop-RunForm-trouble';
    this.trouble.setAttribute('role', 'alert');
    this.trouble.textContent = sentence || offer.trouble;
    if (before) {
      this.take(before);
    }
  }

  getValue(): IChoice {
    const typed = [...this.fields].map(([name, { value }]) => [name, value]);
    const onSlurm = this.engine.value === 'slurm';
    return {
      parameters: changed(this.offer.parameters, Object.fromEntries(typed)),
      engine: this.engine.value,
      options: onSlurm ? this.options.value.trim() : '',
      output: this.output.value.trim()
    };
  }

  private take(before: RunForm): void {
    for (const [name, field] of this.fields) {
      field.value = before.fields.get(name)?.value ?? field.value;
    }
    this.options.value = before.options.value;
    this.output.value = before.output.value;
    this.engine.value = before.engine.value;
    this.engine.dispatchEvent(new Event('change'));
  }

  private parameters(): HTMLElement[] {
    const { parameters, trouble } = this.offer;
    if (!parameters.length) {
      const words = document.createElement('p');
      words.textContent = trouble
        ? ''
        : "This notebook has no parameters. A cell with the tag 'parameters' would set them.";
      return [words];
    }
    return parameters.map(each => {
      const field = input(each.default);
      this.fields.set(each.name, field);
      return labelled(each.name, field);
    });
  }

  private place(): HTMLElement[] {
    const { engine, options, offer } = this;
    engine.className = 'jp-mod-styled';
    engine.append(
      ...offer.engines.map(name => new Option(ENGINES[name] ?? name, name))
    );
    options.placeholder = '--time=4:00:00 -c 16 --mem=64G';
    const forSlurm = labelled('Options for sbatch', options);
    const show = (): void => {
      forSlurm.hidden = engine.value !== 'slurm';
    };
    engine.addEventListener('change', show);
    show();
    return [
      labelled('Where', engine),
      forSlurm,
      labelled('Output, beside the notebook', this.output)
    ];
  }
}

function input(text: string): HTMLInputElement {
  const field = document.createElement('input');
  field.className = 'jp-mod-styled';
  field.autocomplete = 'off';
  field.spellcheck = false;
  field.value = text;
  return field;
}

function labelled(text: string, field: HTMLElement): HTMLLabelElement {
  const label = document.createElement('label');
  const words = document.createElement('span');
  words.textContent = text;
  label.append(words, field);
  return label;
}
