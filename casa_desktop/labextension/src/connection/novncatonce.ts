import { Rfb } from './novnc.js';

/**
 * The page needs noVNC in any case, and its build takes this for `novncloader`:
 * all is in one script then, and the browser parses noVNC once instead of twice.
 */
export function loadRfb(): Promise<typeof Rfb> {
  return Promise.resolve(Rfb);
}
