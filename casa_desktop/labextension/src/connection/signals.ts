import { Signal } from '../signal.js';
import type { IAudience } from './controlmessages.js';

/** The signals of one desktop; its connections emit them one after another. */
export class DesktopSignals {
  /** The canvas is there; noVNC does not listen to its keys yet. */
  readonly made = new Signal<HTMLCanvasElement>();
  /** Who looks at the desktop, and what this view may do, has changed. */
  readonly audience = new Signal<IAudience>();
  /** A program on the desktop wants to open an address. */
  readonly wantsToOpen = new Signal<string>();
  /** The desktop's clipboard has a new text. */
  readonly copied = new Signal<string>();
  /** The first picture of a connection has come, and noVNC has it. */
  readonly pictured = new Signal();
  /** The connection's statistics may have changed. */
  readonly measured = new Signal();
}
