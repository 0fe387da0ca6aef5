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

/** Call `changed` whenever the device pixel ratio changes, until the end. */
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

/** Chromium's keyboard lock, for full screen over https. */
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
    // Without the lock, the browser keeps keys such as Escape. Escape still
    // leaves the full screen when it is held down.
    await (navigator as IKeyboardLock).keyboard?.lock().catch(() => undefined);
  }
}
