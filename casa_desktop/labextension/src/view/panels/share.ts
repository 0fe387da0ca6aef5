import type { INewShare, IShare } from '../../server/api.js';
import { element } from '../../dom.js';
import { messageOf } from '../../errors.js';
import type { IContent } from '../panel.js';
import { button } from '../buttons.js';

/** What the panel needs to make and to withdraw links. */
interface IShareLinks {
  list(): Promise<IShare[]>;
  make(minutes: number, label: string): Promise<INewShare>;
  withdraw(id: string): Promise<void>;
  copy(text: string): Promise<boolean>;
}

const TIMES: readonly [number, string][] = [
  [15, '15 minutes'],
  [60, '1 hour'],
  [240, '4 hours'],
  [1440, '1 day']
];

/** Links with which others can watch the desktop, without input. */
export class SharePanel implements IContent {
  readonly title = 'Share this desktop';
  readonly node = element('div', 'Column');
  readonly first = element('input', 'Field');
  private readonly time = element('select', 'Field');
  private readonly said = element('p', 'Hint');
  private readonly made = element('div', 'Buttons');
  private readonly address = element('input', 'Field');
  private readonly list = element('ul', 'Links');

  constructor(private readonly links: IShareLinks) {
    this.first.placeholder = 'For whom (optional)';
    this.first.maxLength = 100;
    this.first.setAttribute('aria-label', 'For whom the link is');
    this.time.setAttribute('aria-label', 'How long the link works');
    for (const [minutes, label] of TIMES) {
      this.time.append(new Option(label, String(minutes)));
    }
    this.time.value = '60';
    this.address.readOnly = true;
    this.address.setAttribute('aria-label', 'The address of the link');
    this.said.setAttribute('role', 'status');
    this.made.append(
      this.address,
      button('Copy', () => void this.copy())
    );
    const form = element('div', 'Buttons');
    form.append(
      this.first,
      this.time,
      button('Make a link', () => void this.attempt(() => this.make()), 'main')
    );
    const hint =
      'Whoever may log in here and has the link can look, and touch nothing.';
    this.node.append(
      element('p', 'Hint', hint),
      form,
      this.made,
      this.said,
      this.list
    );
  }

  refresh(): void {
    this.made.hidden = true;
    this.said.textContent = '';
    void this.attempt(() => this.fill());
  }

  private async make(): Promise<void> {
    const minutes = Number(this.time.value);
    const { url } = await this.links.make(minutes, this.first.value.trim());
    this.address.value = new URL(url, location.href).href;
    this.made.hidden = false;
    await this.copy();
    await this.fill();
  }

  private async copy(): Promise<void> {
    const copied = await this.links.copy(this.address.value);
    this.said.textContent = copied
      ? 'The link is on your clipboard. It is shown only now.'
      : 'Copy the link: it is shown only now.';
    this.address.focus();
    this.address.select();
  }

  private async fill(): Promise<void> {
    const shares = await this.links.list();
    this.list.replaceChildren(...shares.map(share => this.row(share)));
  }

  private row(share: IShare): HTMLElement {
    const made = element('li', 'Link');
    const name = share.label || 'A link';
    const words = element('span', 'Words');
    words.append(
      element('span', 'Name', name),
      element('span', 'Hint', `${until(share.expires)}${looking(share)}`)
    );
    const withdraw = button(
      'Withdraw',
      () => void this.attempt(() => this.withdraw(share))
    );
    withdraw.setAttribute('aria-label', `Withdraw ${name}`);
    made.append(words, withdraw);
    return made;
  }

  private async withdraw({ id }: IShare): Promise<void> {
    await this.links.withdraw(id);
    this.made.hidden = true;
    await this.fill();
    this.said.textContent = 'The link was withdrawn.';
    this.first.focus();
  }

  private async attempt(what: () => Promise<void>): Promise<void> {
    try {
      await what();
    } catch (error) {
      this.said.textContent = messageOf(error);
    }
  }
}

function until(expires: string): string {
  const time = new Date(expires);
  return `until ${time.toLocaleString([], { weekday: 'short', hour: '2-digit', minute: '2-digit' })}`;
}

function looking({ views }: IShare): string {
  return views ? `, ${views} looking` : '';
}
