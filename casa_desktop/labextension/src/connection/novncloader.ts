import type { Rfb } from './novnc.js';

/** noVNC and what is around it, which is large: fetched when it is first needed. */
export async function loadRfb(): Promise<typeof Rfb> {
  return (await import('./novnc.js')).Rfb;
}
