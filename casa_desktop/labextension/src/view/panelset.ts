import type { Api } from '../server/api.js';
import { ChoicePanel } from './panels/choice.js';
import { ClipboardPanel, IClipboard } from './panels/clipboard.js';
import { download } from '../dom.js';
import { messageOf } from '../errors.js';
import type { IHost } from './host.js';
import type { IKey } from './input/keysyms.js';
import { KeysPanel } from './panels/keys.js';
import type { IContent } from './panel.js';
import { PicturePanel } from './panels/picture.js';
import { SharePanel } from './panels/share.js';
import type { Toasts } from './toasts.js';
import type { PanelName } from './toolbar.js';

/** What the panels need of their view. */
export interface IPanelHost {
  readonly api: Api;
  readonly name: string;
  readonly host: IHost;
  readonly toasts: Toasts;
  readonly clipboard: IClipboard;
  key(key: IKey, down: boolean): void;
  copy(text: string): Promise<boolean>;
  snapshot(): Promise<Blob>;
  /** Start the desktop and show it. */
  open(): void;
  closePanel(): void;
}

/** The kinds of the panels. */
interface IKinds extends Record<PanelName, IContent> {
  keys: KeysPanel;
  clipboard: ClipboardPanel;
  snapshot: IContent;
}

/** How each panel is made. */
const MAKERS: { [N in keyof IKinds]: (view: IPanelHost) => IKinds[N] } = {
  keys: view => new KeysPanel((key, down) => view.key(key, down)),
  clipboard: view => new ClipboardPanel(view.clipboard, view.host.preferences),
  picture: view => new PicturePanel(view.host.preferences),
  share: ({ api, name, copy }) =>
    new SharePanel({
      list: () => api.shares(name),
      make: (minutes, label) => api.share(name, minutes, label),
      withdraw: id => api.withdraw(name, id),
      copy
    }),
  power: powerPanel,
  snapshot: snapshotPanel
};

/** The panels of a view; each is made when it is first opened. */
export class Panels {
  private readonly made: Partial<IKinds> = {};

  constructor(private readonly view: IPanelHost) {}

  /** The panel of this name. */
  get<N extends keyof IKinds>(name: N): IKinds[N] {
    const panel = this.made[name] ?? MAKERS[name](this.view);
    this.made[name] = panel;
    return panel;
  }

  /** The same, if it has been opened. */
  opened<N extends keyof IKinds>(name: N): IKinds[N] | undefined {
    return this.made[name];
  }
}

/** Do something, and show the error if it fails. */
export async function attempt(
  { toasts }: IPanelHost,
  what: () => Promise<unknown>
): Promise<void> {
  try {
    await what();
  } catch (error) {
    toasts.say(messageOf(error));
  }
}

/** Have the browser save a picture of the desktop. */
export async function saveSnapshot(view: IPanelHost): Promise<void> {
  const picture = await view.snapshot();
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  download(picture, `casa-desktop-${view.name}-${time}.png`);
}

async function keep(view: IPanelHost): Promise<void> {
  const picture = await view.snapshot();
  const alt = `The CASA Desktop ${view.name}`;
  const where = await view.host.keepSnapshot?.(picture, alt);
  view.toasts.say(
    where ?? 'There is no notebook to put it into: open one, or download it.'
  );
}

/** What a button of a choice does: close the panel, then do something. */
function closing(view: IPanelHost, what: () => Promise<void>): () => void {
  return () => {
    view.closePanel();
    void attempt(view, what);
  };
}

function snapshotPanel(view: IPanelHost): IContent {
  const keepIt = closing(view, () => keep(view));
  return new ChoicePanel('Snapshot', 'A picture of the whole desktop.', [
    { label: 'Into the notebook', kind: 'main', run: keepIt },
    { label: 'Download', run: closing(view, () => saveSnapshot(view)) }
  ]);
}

function powerPanel(view: IPanelHost): IContent {
  const { api, name } = view;
  const stop = closing(view, () => api.stop(name));
  const restart = closing(view, async () => {
    await api.stop(name);
    view.open();
  });
  return new ChoicePanel(
    'Stop or restart the desktop?',
    'All windows on it are closed, and nothing in them is saved. ' +
      'Files and notebooks are not touched.',
    [
      { label: 'Cancel', run: () => view.closePanel() },
      { label: 'Restart', kind: 'danger', run: restart },
      { label: 'Stop', kind: 'danger', run: stop }
    ]
  );
}
