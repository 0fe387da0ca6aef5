import type { Socket } from './socket.js';

/** A running desktop: as much of the REST API's description as is used here. */
export interface IDesktop {
  readonly name: string;
  readonly display: string;
  readonly started: string;
  /** Absolute path of the RFB websocket, base URL included. */
  readonly websocket: string;
  /** A random id of the server's process: another one, another process. */
  readonly server?: string;
  /** When it is ended, used or not, in ISO 8601; null for never. */
  readonly ends?: string | null;
  /** What the server's administrator has switched off: words of `Lack`. */
  readonly lacks?: readonly string[];
}

/** What the place has where the desktop runs. */
export interface IResources {
  /** Memory in use and in all, in bytes; null if that is not known. */
  readonly memory: { readonly used: number; readonly limit: number } | null;
  /** When the batch system's job ends, in ISO 8601; null without one. */
  readonly jobEnds: string | null;
}

/** A link with which others can watch a desktop, without input. */
export interface IShare {
  readonly id: string;
  readonly label: string;
  /** When it ends, in ISO 8601. */
  readonly expires: string;
  /** How many views it shows now. */
  readonly views?: number;
}

/** A new link: only this answer has its address. */
export interface INewShare extends IShare {
  /** Absolute path of its page, base URL included. */
  readonly url: string;
}

/** How requests reach the Jupyter server: different for page and JupyterLab. */
export interface IServer {
  /** Absolute URL of the Jupyter server, with a slash at the end. */
  readonly baseUrl: string;
  /** The same for websockets: `ws:` or `wss:`. */
  readonly wsUrl: string;
  /** An access token that websockets need in their URL, or nothing. */
  readonly token: string;
  /** `fetch` with whatever credentials the server asks for. */
  request(url: string, init: RequestInit): Promise<Response>;
  /** How a websocket is opened where there are none; `WebSocket` by default. */
  readonly connect?: (url: string) => Socket;
}

/** The server refused a request; `message` is its sentence. */
export class Refused extends Error {}

/** The server does not accept the user's login any more. */
export class LoggedOut extends Refused {}

/** Without Jupyter: this server has not let this browser in. */
export class Stranger extends LoggedOut {}

/** The link to a desktop was withdrawn, or has expired. */
export class Withdrawn extends Refused {}

/** The server answered that there is no such desktop. */
export class Missing extends Error {}

/** The same, and the desktop ended unexpectedly. */
export class Lost extends Missing {}

/** The server of this page is gone; `message` says what to do. */
export class Ended extends Refused {}

/** No answer, or an answer from a proxy instead of our server. */
export class Unreachable extends Error {
  /**
   * @param status of a proxy's answer; 0 without one.
   * @param remedy what the user can do if it stays so, as a sentence.
   */
  constructor(
    message: string,
    readonly status = 0,
    readonly remedy = ''
  ) {
    super(message);
  }
}

/** The REST API of one Jupyter server. */
export class Api {
  constructor(readonly server: IServer) {}

  /**
   * Start the desktop `name` unless it runs, and wait until it is ready.
   *
   * @throws Refused when it cannot be started, Unreachable without an answer.
   */
  async start(name: string): Promise<IDesktop> {
    return desktop(await this.call('desktops', post({ name })));
  }

  /**
   * Return the desktop `name` without starting it.
   *
   * @throws Missing when it does not run, Lost, Refused, Unreachable.
   */
  async look(name: string): Promise<IDesktop> {
    return desktop(await this.call(one(name)));
  }

  /** The desktops that run. */
  async list(): Promise<IDesktop[]> {
    return this.rows<IDesktop>('desktops', 'desktops');
  }

  /** Stop a desktop, its windows and its terminals; no error if it has ended. */
  async stop(name: string): Promise<void> {
    try {
      await this.call(one(name), { method: 'DELETE' });
    } catch (error) {
      if (!(error instanceof Missing)) {
        throw error;
      }
    }
  }

  /** Stop a desktop, and start it anew. */
  async restart(name: string): Promise<IDesktop> {
    await this.stop(name);
    return this.start(name);
  }

  /** A PNG of the whole desktop. */
  async screenshot(name: string): Promise<Blob> {
    const response = await this.answer(`${one(name)}/screenshot.png`, {});
    if (!response.ok) {
      throw refusal(response.status, await json(response));
    }
    return response.blob();
  }

  /** What is used of the server's memory, and how long its job lasts. */
  async resources(): Promise<IResources> {
    return (await this.call('resources')) as unknown as IResources;
  }

  /** The links to a desktop that work now. */
  async shares(name: string): Promise<IShare[]> {
    return this.rows<IShare>(`${one(name)}/shares`, 'shares');
  }

  /** Make a link that shows a desktop for some minutes. */
  async share(
    name: string,
    minutes: number,
    label: string
  ): Promise<INewShare> {
    const body = post({ minutes, label });
    const made = await this.call(`${one(name)}/shares`, body);
    return made as unknown as INewShare;
  }

  /** Withdraw a link; the views that it shows are closed at once. */
  async withdraw(name: string, id: string): Promise<void> {
    const path = `${one(name)}/shares/${encodeURIComponent(id)}`;
    await this.call(path, { method: 'DELETE' });
  }

  /**
   * The desktop that a link shows.
   *
   * @throws Withdrawn when the link shows nothing any more, Unreachable.
   */
  async shared(token: string): Promise<IDesktop> {
    try {
      return desktop(await this.call(`shared/${encodeURIComponent(token)}`));
    } catch (error) {
      throw error instanceof Missing ? new Withdrawn(error.message) : error;
    }
  }

  /** The URL of a desktop's websocket. */
  websocket(desktop: IDesktop): string {
    const url = new URL(desktop.websocket, this.server.wsUrl);
    if (this.server.token) {
      url.searchParams.set('token', this.server.token);
    }
    return url.href;
  }

  /** Open a desktop's websocket. */
  connect(desktop: IDesktop): Socket {
    const url = this.websocket(desktop);
    return this.server.connect?.(url) ?? new WebSocket(url);
  }

  /** The list `key` of what the server answers. */
  async rows<T>(path: string, key: string): Promise<T[]> {
    return rows<T>(await this.call(path), key);
  }

  /** What the server answers as text. */
  async text(path: string): Promise<string> {
    const response = await this.answer(path, {});
    if (!response.ok) {
      throw refusal(response.status, await json(response));
    }
    return response.text();
  }

  /** What the server answers to a request below `api/`, from JSON. */
  async call(path: string, init: RequestInit = {}): Promise<Json> {
    const response = await this.answer(path, init);
    const body = await json(response);
    if (response.ok && (body || response.status === 204)) {
      return body ?? {};
    }
    throw refusal(response.status, body);
  }

  private async answer(path: string, init: RequestInit): Promise<Response> {
    const url = `${this.server.baseUrl}casa-desktop/api/${path}`;
    try {
      return await this.server.request(url, { cache: 'no-store', ...init });
    } catch {
      throw new Unreachable('the server cannot be reached');
    }
  }
}

function one(name: string): string {
  return `desktops/${encodeURIComponent(name)}`;
}

function post(body: unknown): RequestInit {
  const headers = { 'Content-Type': 'application/json' };
  return { method: 'POST', body: JSON.stringify(body), headers };
}

/** A reverse proxy may answer with a page of its own, and status 200. */
function desktop(body: Json): IDesktop {
  if (typeof body.websocket !== 'string') {
    throw new Unreachable('something else than the server answered');
  }
  return body as unknown as IDesktop;
}

function rows<T>(body: Json, key: string): T[] {
  const list = body[key];
  if (!Array.isArray(list)) {
    throw new Unreachable('something else than the server answered');
  }
  return list as T[];
}

type Json = Record<string, unknown>;

async function json(response: Response): Promise<Json | null> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' ? (body as Json | null) : null;
  } catch {
    return null;
  }
}

/**
 * Only our own handlers put `error` beside `message`. A 404 or a 503 without it
 * comes from a hub or a reverse proxy that cannot reach the server just now.
 */
function refusal(status: number, body: Json | null): Error {
  if (body?.error === 'SwitchedOff' && typeof body.message === 'string') {
    return new Refused(body.message);
  }
  if (status === 401 || status === 403) {
    const kind = body?.error === 'Forbidden' ? Stranger : LoggedOut;
    return new kind(
      'The server did not accept your login: reload this page to log in again.'
    );
  }
  if (typeof body?.error === 'string' && typeof body.message === 'string') {
    const kind = body.error === 'DesktopLost' ? Lost : Missing;
    return new (status === 404 ? kind : Refused)(body.message);
  }
  return new Unreachable(`the server answered with status ${status}`, status);
}
