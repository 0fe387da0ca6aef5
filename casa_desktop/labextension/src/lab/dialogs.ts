import { Dialog, showDialog } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';
import { nameTrouble } from '../server/names.js';

/** Ask for a desktop's name; resolves with null if the user cancels. */
export async function askForName(
  running: readonly string[]
): Promise<string | null> {
  let text = '';
  for (;;) {
    const body = new NameInput(running, text);
    const { button, value } = await showDialog({
      title: 'Open a CASA Desktop',
      body,
      focusNodeSelector: 'input',
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: 'Open' })]
    });
    if (!button.accept || value === null) {
      return null;
    }
    // The Enter key closes the dialog even while its button is disabled.
    if (!nameTrouble(value)) {
      return value;
    }
    text = value;
  }
}

/** Ask whether a desktop and its windows may be ended. */
export async function mayEnd(name: string, verb: string): Promise<boolean> {
  const { button } = await showDialog({
    title: `${verb} the CASA Desktop “${name}”?`,
    body: 'The windows on it are closed, and what is not saved in them is lost.',
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: verb })]
  });
  return button.accept;
}

/** A field for a name; it offers the running desktops and shows errors. */
class NameInput extends Widget implements Dialog.IBodyWidget<string> {
  private readonly input = document.createElement('input');
  private readonly trouble = document.createElement('p');

  constructor(running: readonly string[], text: string) {
    super();
    this.addClass('casa-desktop-NameInput');
    const label = document.createElement('label');
    label.textContent = 'Name: one that runs, or a new one';
    label.append(this.input);
    const offers = document.createElement('datalist');
    offers.id = 'casa-desktop-names';
    offers.append(...running.map(name => new Option(name, name)));
    this.input.className = 'jp-mod-styled';
    this.input.setAttribute('list', offers.id);
    this.input.setAttribute('autocomplete', 'off');
    this.input.spellcheck = false;
    this.input.value = text;
    this.input.addEventListener('input', () => this.judge());
    this.trouble.setAttribute('role', 'status');
    this.trouble.id = 'casa-desktop-name-trouble';
    this.input.setAttribute('aria-describedby', this.trouble.id);
    this.node.append(label, offers, this.trouble);
  }

  getValue(): string {
    return this.input.value.trim();
  }

  protected override onAfterAttach(): void {
    this.judge();
  }

  private judge(): void {
    const name = this.getValue();
    const trouble = nameTrouble(name);
    this.trouble.textContent = name ? trouble : '';
    this.input.setAttribute('aria-invalid', String(!!name && !!trouble));
    const accept = this.node
      .closest('.jp-Dialog')
      ?.querySelector<HTMLButtonElement>('.jp-mod-accept');
    accept?.toggleAttribute('disabled', !!trouble);
  }
}
