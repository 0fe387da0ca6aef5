import type { IEncoding } from './rfb/encodings.js';
import { firstEncoding } from './picture/ladder.js';
import { Greeting } from './rfb/greeting.js';
import { config, pageWindow, websocketUrl } from './server/pageconfig.js';
import { SocketAhead } from './server/socketahead.js';
import { storedPreferences } from './view/localpreferences.js';

// The first script of the page, and within it: the desktop's websocket is being
// opened, and its first picture asked for, while the browser still loads and
// compiles what will show it. A page that cannot be seen asks for no picture.
const { websocket } = config();
const encoding = (roundTrip: number): IEncoding =>
  // Not before the websocket is being opened: storage takes milliseconds.
  firstEncoding(storedPreferences(localStorage).quality, roundTrip);
if (websocket) {
  pageWindow.casaDesktopSocket = new SocketAhead(
    websocketUrl(websocket),
    document.hidden ? undefined : new Greeting(encoding)
  );
}
