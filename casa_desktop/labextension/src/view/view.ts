import type { Api } from '../server/api.js';
import { attempt, IPanelHost, Panels, saveSnapshot } from './panelset.js';
import { element } from '../dom.js';
import { Drop } from './drop.js';
import type { IHost } from './host.js';
import { LinkPrompt } from './linkprompt.js';
import { INITIAL, IStatus } from '../connection/state.js';
import { Notice } from './notice.js';
import { Panel } from './panel.js';
import { Resources } from './resources.js';
import { resourceText } from './resourcetext.js';
import { Session } from './session.js';
import { Signal } from '../signal.js';
import type { IStats } from '../connection/stats.js';
import { listen, toggleFullScreen, whenRatioChanges } from './fullscreen.js';
import { Toasts } from './toasts.js';
import { Toolbar } from './toolbar.js';
import { OnScreenKeyboard } from './input/onscreenkeyboard.js';

/**
 * A desktop in an element: the toolbar, and the canvas with messages and panels
 * over it.
 *
 * The page and JupyterLab's tab both show one. The element has the phase as
 * `data-state`.
 */
export class View {
  /** The root element; the caller puts it into a page. */
  readonly node = element('div', 'View');
  /** The status that is shown. */
  status: IStatus = INITIAL;
  /** Emitted with each new status, after it is shown. */
  readonly statusChanged = new Signal<IStatus>();
  /** Emitted when `stats` may have changed. */
  readonly statsChanged = new Signal();
  private readonly screen = element('div', 'Screen');
  private readonly notice = new Notice(() => this.open());
  private readonly toasts = new Toasts();
  private readonly panel = new Panel();
  private readonly prompt = new LinkPrompt(text => void this.copy(text));
  private readonly keyboard = new OnScreenKeyboard(keysym =>
    this.strike(keysym)
  );
  private readonly session: Session;
  private readonly resources: Resources;
  private readonly panels: Panels;
  private readonly toolbar: Toolbar;
  private readonly undo: (() => void)[];
  private keen = false;
  private pictured = false;
  private shown = true;

  constructor(
    private readonly api: Api,
    private readonly name: string,
    private readonly host: IHost
  ) {
    this.session = new Session(api, name, this.screen, host);
    this.resources = new Resources(api, () => this.refresh());
    const panelHost = this.panelHost();
    this.panels = new Panels(panelHost);
    this.toolbar = this.makeToolbar(panelHost);
    this.assemble();
    this.subscribe();
    this.undo = [
      host.preferences.listen(() => this.prefer()),
      whenRatioChanges(() => this.session.connection.rfb?.rescale()),
      listen(document, 'visibilitychange', () => this.look()),
      listen(document, 'fullscreenchange', () => this.refresh()),
      () => this.resources.stop(),
      () => this.session.dispose()
    ];
    this.prefer();
    this.look();
  }

  /** The statistics of the connection. */
  get stats(): IStats {
    return this.session.stats;
  }

  /** What is left of memory and time, in words; '' if that is not known. */
  get left(): string {
    const { current } = this.resources;
    const connected = this.status.phase === 'connected';
    const { ends } = this.session.connection;
    return connected ? resourceText(current, ends, Date.now()) : '';
  }

  /** Start the desktop unless it runs, and show it once the view is attached. */
  open(): void {
    this.session.connection.open();
  }

  /** Try again at once if it has failed or waits; otherwise do nothing. */
  reopen(): void {
    this.session.connection.reopen();
  }

  /**
   * Give the keyboard to the desktop, or to the button if there is one. A
   * desktop that is not connected yet gets it later, unless the user is typing
   * elsewhere by then.
   */
  focus(): void {
    this.keen = true;
    if (!this.notice.focus()) {
      this.session.focus();
    }
  }

  /** Set whether the view can be seen: a hidden one asks for no picture. */
  setVisible(visible: boolean): void {
    this.shown = visible;
    this.look();
  }

  /** A PNG of the whole desktop, as its X server has it. */
  snapshot(): Promise<Blob> {
    return this.api.screenshot(this.name);
  }

  /** Close the connection and leave the desktop running. */
  dispose(): void {
    this.undo.forEach(end => end());
    this.panel.close(false);
    this.node.remove();
  }

  private subscribe(): void {
    const { connection, clipboard, statusChanged, released, typed, said } =
      this.session;
    const { audience, measured, pictured, wantsToOpen } = connection.signals;
    statusChanged.connect(status => this.show(status));
    audience.connect(() => this.refresh());
    measured.connect(() => this.refresh());
    pictured.connect(() => {
      this.pictured = true;
      this.askForResources();
    });
    wantsToOpen.connect(url => this.prompt.ask(url));
    clipboard.changed.connect(() => this.panels.opened('clipboard')?.show());
    released.connect(() => this.toolbar.focus());
    typed.connect(() => this.panels.opened('keys')?.typed());
    said.connect(text => this.toasts.say(text));
  }

  private assemble(): void {
    const body = element('div', 'Body');
    const { screen, keyboard, notice, prompt, panel, toasts } = this;
    body.append(screen, keyboard.node, notice.node, prompt.node);
    body.append(panel.node, toasts.node);
    const drop = new Drop(body, {
      server: this.api.server,
      toasts,
      folder: () => this.host.folder(),
      refusal: () =>
        this.session.viewOnly || this.session.lacks('files')
          ? 'Files can be dropped only where the desktop is in your Jupyter.'
          : this.session.lacks('uploads')
            ? 'Uploads of files are switched off on this server.'
            : ''
    });
    body.append(drop.node);
    this.node.append(this.toolbar.node, body);
  }

  private makeToolbar(panelHost: IPanelHost): Toolbar {
    const { preferences, actions, keepSnapshot } = this.host;
    return new Toolbar({
      panel: name => this.panels.get(name),
      actions,
      show: (opener, content) => this.panel.toggle(opener, content),
      type: () => this.keyboard.toggle(),
      capture: () =>
        preferences.change({ keyboard: !preferences.current.keyboard }),
      fullScreen: () => {
        const { current } = preferences;
        void attempt(panelHost, () => toggleFullScreen(this.node, current));
      },
      snapshot: opener =>
        keepSnapshot
          ? this.panel.toggle(opener, this.panels.get('snapshot'))
          : void attempt(panelHost, () => saveSnapshot(panelHost)),
      control: () => this.session.connection.rfb?.takeControl()
    });
  }

  private panelHost(): IPanelHost {
    const { api, name, host, toasts, session } = this;
    return {
      ...{ api, name, host, toasts },
      clipboard: session.clipboard,
      key: (key, down) => session.key(key, down),
      copy: text => this.copy(text),
      snapshot: () => this.snapshot(),
      open: () => this.open(),
      closePanel: () => this.panel.close()
    };
  }

  private show(status: IStatus): void {
    this.status = status;
    this.pictured &&= status.phase === 'connected';
    this.node.dataset.state = status.phase;
    this.notice.show(status);
    this.askForResources();
    this.refresh();
    if (status.phase === 'connected') {
      this.panels.opened('keys')?.reset();
      if (this.keen && this.keyboardIsFree()) {
        this.session.focus();
      }
    }
    this.statusChanged.emit(status);
  }

  private refresh(): void {
    this.toolbar.update({
      connected: this.status.phase === 'connected',
      viewOnly: this.session.viewOnly,
      captures: this.host.preferences.current.keyboard,
      touch: matchMedia('(pointer: coarse)').matches,
      stats: this.stats,
      left: this.left,
      lacks: what => this.session.lacks(what)
    });
    this.statsChanged.emit();
  }

  private prefer(): void {
    this.session.prefer();
    this.refresh();
  }

  private look(): void {
    this.session.show(this.isSeen);
    this.askForResources();
  }

  /** Only a Jupyter server has them, and only for its owner; the picture first. */
  private askForResources(): void {
    const { session } = this;
    const asks = !session.lacks('ownership') && !session.lacks('files');
    if (asks && this.isSeen && this.pictured) {
      this.resources.start();
    } else {
      this.resources.stop();
    }
  }

  private get isSeen(): boolean {
    return this.shown && document.visibilityState === 'visible';
  }

  private strike(keysym: number): void {
    this.session.key({ keysym, code: '' });
    this.panels.opened('keys')?.typed();
  }

  private copy(text: string): Promise<boolean> {
    return this.session.clipboard.write(text);
  }

  private keyboardIsFree(): boolean {
    const { activeElement, body } = document;
    return activeElement === body || this.node.contains(activeElement);
  }
}
