import type { Api } from '../server/api.js';
import { ChoicePanel } from './panels/choice.js';
import { ClipboardPanel, IClipboardDesk } from './panels/clipboard.js';
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
export interface IDeskHost {
  readonly api: Api;
  readonly name: string;
  readonly host: IHost;
  readonly toasts: Toasts;
  readonly clipboard: IClipboardDesk;
  key(key: IKey, down: boolean): void;
  copy(text: string): Promise<boolean>;
  snapshot(): Promise<Blob>;
  /** Start the desktop and show it. */
  open(): void;
  closePanel(): void;
}

/** The panels of a view. */
export interface IPanels extends Record<PanelName, IContent> {
  readonly keys: KeysPanel;
  readonly clipboard: ClipboardPanel;
  readonly snapshot: IContent;
}

/** Make the panels of a view. */
export function makePanels(desk: IDeskHost): IPanels {
  const { api, name } = desk;
  const { preferences } = desk.host;
  return {
    keys: new KeysPanel((key, down) => desk.key(key, down)),
    clipboard: new ClipboardPanel(desk.clipboard, preferences),
    picture: new PicturePanel(preferences),
    share: new SharePanel({
      list: () => api.shares(name),
      make: (minutes, label) => api.share(name, minutes, label),
      withdraw: id => api.withdraw(name, id),
      copy: text => desk.copy(text)
    }),
    power: powerPanel(desk),
    snapshot: snapshotPanel(desk)
  };
}

/** Do something, and show the error if it fails. */
export async function attempt(
  { toasts }: IDeskHost,
  what: () => Promise<unknown>
): Promise<void> {
  try {
    await what();
  } catch (error) {
    toasts.say(messageOf(error));
  }
}

/** Have the browser save a picture of the desktop. */
export async function saveSnapshot(desk: IDeskHost): Promise<void> {
  const picture = await desk.snapshot();
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  download(picture, `casa-desktop-${desk.name}-${time}.png`);
}

async function keep(desk: IDeskHost): Promise<void> {
  const picture = await desk.snapshot();
  const alt = `The CASA Desktop ${desk.name}`;
  const where = await desk.host.keepSnapshot?.(picture, alt);
  desk.toasts.say(
    where ?? 'There is no notebook to put it into: open one, or download it.'
  );
}

/** What a button of a choice does: close the panel, then do something. */
function closing(desk: IDeskHost, what: () => Promise<void>): () => void {
  return () => {
    desk.closePanel();
    void attempt(desk, what);
  };
}

function snapshotPanel(desk: IDeskHost): IContent {
  const keepIt = closing(desk, () => keep(desk));
  return new ChoicePanel('Snapshot', 'A picture of the whole desktop.', [
    { label: 'Into the notebook', kind: 'main', run: keepIt },
    { label: 'Download', run: closing(desk, () => saveSnapshot(desk)) }
  ]);
}

function powerPanel(desk: IDeskHost): IContent {
  const { api, name } = desk;
  const stop = closing(desk, () => api.stop(name));
  const restart = closing(desk, async () => {
    await api.stop(name);
    desk.open();
  });
  return new ChoicePanel(
    'Stop or restart the desktop?',
    'All windows on it are closed, and nothing in them is saved. ' +
      'Files and notebooks are not touched.',
    [
      { label: 'Cancel', run: () => desk.closePanel() },
      { label: 'Restart', kind: 'danger', run: restart },
      { label: 'Stop', kind: 'danger', run: stop }
    ]
  );
}
