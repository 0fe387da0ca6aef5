import '../style/page.css';
import { Api, IDesktop, IServer } from './server/api.js';
import {
  config,
  IConfig,
  pageWindow,
  websocketUrl
} from './server/pageconfig.js';
import { ServedApi } from './server/servedapi.js';
import { titleOf } from './server/names.js';
import type { Socket } from './server/socket.js';
import type { IAction, IHost, Lack } from './view/host.js';
import { icon } from './view/icons.js';
import { returnToLab } from './view/handover.js';
import { LocalPreferences } from './view/localpreferences.js';
import { View } from './view/view.js';

/** The API for a page that came with what there was of its desktop. */
class OwnApi extends Api {
  constructor(
    server: IServer,
    private given: IDesktop | undefined
  ) {
    super(server);
  }

  override start(name: string): Promise<IDesktop> {
    const { given } = this;
    // Only once: a desktop that was lost meanwhile has to be started again.
    this.given = undefined;
    return given ? Promise.resolve(given) : super.start(name);
  }

  override connect(desktop: IDesktop): Socket {
    const ahead = pageWindow.casaDesktopSocket;
    delete pageWindow.casaDesktopSocket;
    if (ahead?.url === this.websocket(desktop) && ahead.take()) {
      return ahead;
    }
    // Left open, it would count as a view.
    ahead?.close();
    return super.connect(desktop);
  }
}

/** The API for a desktop that a link shows; it never starts the desktop. */
class SharedApi extends Api {
  constructor(
    server: IServer,
    private readonly link: string
  ) {
    super(server);
  }

  override start(): Promise<IDesktop> {
    return this.shared(this.link);
  }

  override look(): Promise<IDesktop> {
    return this.shared(this.link);
  }
}

function xsrf(): string {
  const match = /(?:^|;\s*)_xsrf=([^;]*)/.exec(document.cookie);
  return match ? decodeURIComponent(match[1]) : '';
}

function server({ baseUrl, token }: IConfig): IServer {
  return {
    baseUrl: new URL(baseUrl, location.href).href,
    wsUrl: websocketUrl(baseUrl),
    token,
    request(url, init) {
      const headers = new Headers(init.headers);
      headers.set('X-XSRFToken', xsrf());
      if (token) {
        headers.set('Authorization', `token ${token}`);
      }
      return fetch(url, { credentials: 'same-origin', ...init, headers });
    }
  };
}

function api(settings: IConfig): Api {
  const { share, remedy, desktop } = settings;
  const jupyter = server(settings);
  if (share) {
    return new SharedApi(jupyter, share);
  }
  return remedy ? new ServedApi(jupyter, remedy) : new OwnApi(jupyter, desktop);
}

function host(settings: IConfig): IHost {
  const hasLab = settings.lab !== false && !settings.share;
  const lacks: Lack[] = hasLab ? [] : ['files', 'shares'];
  if (settings.share) {
    lacks.push('ownership');
  }
  return {
    preferences: new LocalPreferences(localStorage),
    actions: hasLab ? [back(settings)] : [],
    lacks,
    folder: () => new URLSearchParams(location.search).get('folder') ?? ''
  };
}

function back({ baseUrl, name }: IConfig): IAction {
  const base = new URL(baseUrl, location.href).href;
  return {
    label: 'Back to JupyterLab',
    icon: icon('back'),
    async run() {
      if (await returnToLab(base, name)) {
        // Only a tab that a script opened may be closed by one.
        window.close();
      } else {
        location.assign(`${base}lab`);
      }
    }
  };
}

function main(): void {
  const settings = config();
  const view = new View(api(settings), settings.name, host(settings));
  view.statusChanged.connect(({ phase }) => {
    document.body.dataset.state = phase;
  });
  document.title = titleOf(settings.name);
  document.body.append(view.node);
  view.open();
  view.focus();
}

main();
