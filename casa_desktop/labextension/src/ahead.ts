import { config, pageWindow, websocketUrl } from './server/pageconfig.js';
import { SocketAhead } from './server/socketahead.js';

// The first script of the page, and within it: the desktop's websocket is being
// opened while the browser still loads and compiles what will show it.
const { websocket } = config();
if (websocket) {
  pageWindow.casaDesktopSocket = new SocketAhead(websocketUrl(websocket));
}
