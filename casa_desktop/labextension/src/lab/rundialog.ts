import { Dialog } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';
import type { IOffer } from '../server/jobs.js';
import { changed, isList } from './jobtext.js';

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

const LISTS =
  'A value like @list.txt makes a job for each line of that file, which lies beside the notebook.';
const ARRAY =
  'Each of these jobs writes its notebook into a folder of its own.';
const NONE =
  "This notebook has no parameters. A cell with the tag 'parameters' would set them.";

/** Fields for a run's parameters, place and output; errors are shown below. */
export class RunForm extends Widget implements Dialog.IBodyWidget<IChoice> {
  private readonly fields = new Map<string, HTMLInputElement>();
  private readonly engine = document.createElement('select');
  private readonly options = input('');
  private readonly output: HTMLInputElement;

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
    const trouble = paragraph(sentence || offer.trouble, 'trouble');
    trouble.setAttribute('role', 'alert');
    this.node.append(...this.parameters(), ...this.place(), trouble);
    if (before) {
      this.take(before);
    }
  }

  getValue(): IChoice {
    const onSlurm = this.engine.value === 'slurm';
    return {
      parameters: this.given,
      engine: this.engine.value,
      options: onSlurm ? this.options.value.trim() : '',
      output: this.isArray ? '' : this.output.value.trim()
    };
  }

  private get given(): Record<string, string> {
    const typed = [...this.fields].map(([name, { value }]) => [name, value]);
    return changed(this.offer.parameters, Object.fromEntries(typed));
  }

  private get isArray(): boolean {
    return Object.values(this.given).some(isList);
  }

  private take(before: RunForm): void {
    for (const [name, field] of this.fields) {
      field.value = before.fields.get(name)?.value ?? field.value;
    }
    this.options.value = before.options.value;
    this.output.value = before.output.value;
    this.engine.value = before.engine.value;
    this.node.dispatchEvent(new Event('input'));
  }

  private parameters(): HTMLElement[] {
    const { parameters, trouble } = this.offer;
    if (!parameters.length) {
      return [paragraph(trouble ? '' : NONE)];
    }
    const hint = paragraph(LISTS, 'hint');
    hint.id = 'casa-desktop-RunForm-lists';
    const rows = parameters.map(each => {
      const field = input(each.default);
      field.setAttribute('aria-describedby', hint.id);
      this.fields.set(each.name, field);
      return labelled(each.name, field);
    });
    return [...rows, hint];
  }

  private place(): HTMLElement[] {
    const { engine, options, offer } = this;
    engine.className = 'jp-mod-styled';
    engine.append(...offer.engines.map(place));
    options.placeholder = '--time=4:00:00 -c 16 --mem=64G';
    const forSlurm = labelled('Options for sbatch', options);
    const forOne = labelled('Output, beside the notebook', this.output);
    const forMany = paragraph(ARRAY, 'hint');
    const show = (): void => {
      forSlurm.hidden = engine.value !== 'slurm';
      forOne.hidden = this.isArray;
      forMany.hidden = !this.isArray;
    };
    this.node.addEventListener('input', show);
    show();
    return [labelled('Where', engine), forSlurm, forOne, forMany];
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

function place(engine: string): HTMLOptionElement {
  const option = document.createElement('option');
  option.value = engine;
  option.textContent = ENGINES[engine] ?? engine;
  return option;
}

function labelled(text: string, field: HTMLElement): HTMLLabelElement {
  const label = document.createElement('label');
  const words = document.createElement('span');
  // A long name is broken behind a low line, if it must be.
  words.append(...text.split(/(?<=_)/).flatMap(part => [part, wordBreak()]));
  label.append(words, field);
  return label;
}

function wordBreak(): HTMLElement {
  return document.createElement('wbr');
}

function paragraph(text: string, kind = ''): HTMLParagraphElement {
  const words = document.createElement('p');
  words.className = kind && `casa-desktop-RunForm-${kind}`;
  words.textContent = text;
  return words;
}
