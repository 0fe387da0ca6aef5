import { element, setText } from '../dom.js';
import type { IAction, Lack } from './host.js';
import { icon, IconName } from './icons.js';
import type { IContent } from './panel.js';
import { rove } from './roving.js';
import { IStats, NO_STATS } from '../connection/stats.js';
import { press, tool } from './buttons.js';

/** What a toolbar shows of its view. */
export interface IToolbarState {
  readonly connected: boolean;
  /** Whether the view can only watch. */
  readonly viewOnly: boolean;
  readonly captures: boolean;
  /** Whether the pointing device is a finger. */
  readonly touch: boolean;
  readonly stats: IStats;
  /** What is left of memory and time, in words. */
  readonly left: string;
  /** Whether something is not to be had here. */
  lacks(what: Lack): boolean;
}

/** What the toolbar's buttons do. */
interface IToolbarHost {
  /** The panel of this name; called when it is to be shown. */
  panel(name: PanelName): IContent;
  readonly actions: readonly IAction[];
  show(opener: HTMLButtonElement, content: IContent): void;
  type(): void;
  capture(): void;
  fullScreen(): void;
  snapshot(opener: HTMLButtonElement): void;
  control(): void;
}

/** The panels that buttons open. */
export type PanelName = 'keys' | 'clipboard' | 'picture' | 'share' | 'power';

/** When a button is of use. */
type Use =
  | 'always'
  | 'owner'
  | 'connected'
  | 'touch'
  | 'control'
  | 'shares'
  | 'clipboard'
  | 'snapshot';

/** The row of buttons above a desktop. */
export class Toolbar {
  readonly node = element('div', 'Toolbar');
  private readonly uses = new Map<HTMLButtonElement, Use>();
  private readonly info = element('span', 'Info');
  private readonly badge = element('span', 'Badge');
  private readonly capturing: HTMLButtonElement;
  private readonly roving;

  constructor(private readonly host: IToolbarHost) {
    this.node.setAttribute('role', 'toolbar');
    this.node.setAttribute('aria-label', 'CASA Desktop');
    this.opens('keys', 'Special keys', 'keys', 'owner');
    const typing = this.add('On-screen keyboard', 'keyboard', 'touch', () =>
      host.type()
    );
    // A press must not take the focus from the field that is typed into.
    typing.addEventListener('pointerdown', event => event.preventDefault());
    this.opens('clipboard', 'Clipboard', 'clipboard', 'clipboard');
    this.capturing = this.add('Keyboard capture', 'capture', 'owner', () =>
      host.capture()
    );
    this.opens('picture', 'Picture', 'picture', 'connected');
    this.add('Full screen', 'fullscreen', 'always', () => host.fullScreen());
    this.add('Snapshot', 'snapshot', 'snapshot', opener =>
      host.snapshot(opener)
    );
    this.opens('share', 'Share', 'share', 'shares');
    this.badge.innerHTML = icon('eye');
    this.badge.append('View only');
    this.node.append(this.badge, element('span', 'Spacer'), this.info);
    this.add('Take control of the size', 'control', 'control', () =>
      host.control()
    );
    for (const { label, icon: svg, run } of host.actions) {
      this.add(label, { svg }, 'always', () => void run());
    }
    this.opens('power', 'Stop or restart the desktop', 'power', 'owner');
    this.roving = rove(this.node);
  }

  /** Give the keyboard to the toolbar. */
  focus(): void {
    this.roving.focus();
  }

  update(state: IToolbarState): void {
    for (const [button, use] of this.uses) {
      button.hidden = !this.isUseful(use, state);
      button.disabled = NEEDS_CONNECTION.includes(use) && !state.connected;
    }
    press(this.capturing, state.captures);
    this.capturing.title = state.captures
      ? 'Keyboard capture: all keys go to the desktop; Ctrl+Alt+Shift leaves it'
      : 'Keyboard capture is off: shortcuts go to the browser';
    this.badge.hidden = !state.viewOnly;
    this.tell(state.connected ? state.stats : null, state.left);
    this.roving.refresh();
  }

  private isUseful(
    use: Use,
    { viewOnly, touch, stats, lacks }: IToolbarState
  ): boolean {
    switch (use) {
      case 'shares':
        return !viewOnly && !lacks('shares');
      case 'snapshot':
        return !viewOnly && !lacks('downloads');
      case 'clipboard':
        return !viewOnly && !(lacks('clipboard-in') && lacks('clipboard-out'));
      case 'control':
        return stats.views > 1 && !stats.controls && !viewOnly;
      case 'touch':
        return touch && !viewOnly;
      case 'owner':
        return !viewOnly;
      default:
        return true;
    }
  }

  private tell(stats: IStats | null, left: string): void {
    const { roundTrip, width, height, views, quality } = stats ?? NO_STATS;
    const words = [
      left,
      views > 1 ? `${views} views` : '',
      width ? `${width} × ${height}` : '',
      quality,
      roundTrip === null ? '' : `${Math.max(1, Math.round(roundTrip))} ms`
    ];
    setText(this.info, words.filter(Boolean).join(' · '));
  }

  private opens(name: PanelName, label: string, image: IconName, use: Use) {
    const opener = this.add(label, image, use, button =>
      this.host.show(button, this.host.panel(name))
    );
    opener.setAttribute('aria-haspopup', 'dialog');
    opener.setAttribute('aria-expanded', 'false');
  }

  private add(
    label: string,
    image: IconName | { readonly svg: string },
    use: Use,
    run: (button: HTMLButtonElement) => void
  ): HTMLButtonElement {
    const made = tool(label, image, run);
    made.dataset.use = use;
    this.uses.set(made, use);
    this.node.append(made);
    return made;
  }
}

const NEEDS_CONNECTION: readonly Use[] = ['connected', 'touch', 'control'];
