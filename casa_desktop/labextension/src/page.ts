import '../style/page.css';
import { Api, IServer } from './api.js';
import type { IHost } from './host.js';
import { DEFAULT_PREFERENCES } from './preferences.js';
import { View } from './view.js';

/** What the server writes into the page. */
interface IConfig {
  readonly baseUrl: string;
  readonly name: string;
  readonly token: string;
}

function config(): IConfig {
  const script = document.getElementById('casa-desktop-config');
  return JSON.parse(script?.textContent ?? '{}') as IConfig;
}

function xsrf(): string {
  const match = /(?:^|;\s*)_xsrf=([^;]*)/.exec(document.cookie);
  return match ? decodeURIComponent(match[1]) : '';
}

function server({ baseUrl, token }: IConfig): IServer {
  const base = new URL(baseUrl, location.href).href;
  return {
    baseUrl: base,
    wsUrl: base.replace(/^http/, 'ws'),
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

const host: IHost = {
  preferences: {
    current: DEFAULT_PREFERENCES,
    change: () => undefined,
    listen: () => () => undefined
  },
  actions: [],
  folder: () => new URLSearchParams(location.search).get('folder') ?? ''
};

function main(): void {
  const settings = config();
  const view = new View(
    new Api(server(settings)),
    settings.name,
    host,
    status => {
      document.body.dataset.state = status.phase;
    }
  );
  if (settings.name !== 'main') {
    document.title = `CASA Desktop: ${settings.name}`;
  }
  document.body.append(view.node);
  view.open();
  view.focus();
}

main();
