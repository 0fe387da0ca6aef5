import type { IPreferences } from '../connection/preferences.js';

/** Listen until the function that is returned is called. */
export function listen(
  target: EventTarget,
  type: string,
  listener: () => void
): () => void {
  target.addEventListener(type, listener);
  return () => target.removeEventListener(type, listener);
}

/** Call `changed` whenever the screen has other pixels, until the end. */
export function whenRatioChanges(changed: () => void): () => void {
  let end: () => void = () => undefined;
  const watch = (): void => {
    // A query matches one ratio: another one needs another query.
    const query = window.matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    end = listen(query, 'change', () => {
      end();
      watch();
      changed();
    });
  };
  watch();
  return () => end();
}

/** Chromium has it, in full screen and over https. */
interface IKeyboardLock {
  readonly keyboard?: { lock(): Promise<void>; unlock(): void };
}

/** Fill the screen with an element, or leave it. */
export async function toggleFullScreen(
  node: HTMLElement,
  { keyboard }: IPreferences
): Promise<void> {
  if (document.fullscreenElement) {
    await document.exitFullscreen();
    return;
  }
  await node.requestFullscreen({ navigationUI: 'hide' });
  if (keyboard) {
    // Keys that the browser keeps otherwise, Escape for one: held down it
    // still leaves the full screen.
    await (navigator as IKeyboardLock).keyboard?.lock().catch(() => undefined);
  }
}
