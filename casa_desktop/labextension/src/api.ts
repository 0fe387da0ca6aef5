/** A running desktop, as the REST API describes it. */
export interface IDesktop {
  readonly name: string;
  readonly state: string;
  readonly display: string;
  readonly pid: number;
  readonly started: string;
  readonly version: string;
  /** Absolute path of the desktop's page, base URL included. */
  readonly page: string;
  /** Absolute path of the RFB websocket, base URL included. */
  readonly websocket: string;
}

/** How requests reach the Jupyter server; page and JupyterLab differ in it. */
export interface IServer {
  /** Absolute URL of the Jupyter server, with a slash at the end. */
  readonly baseUrl: string;
  /** The same for websockets: `ws:` or `wss:`. */
  readonly wsUrl: string;
  /** An access token that websockets need in their URL, or nothing. */
  readonly token: string;
  /** `fetch` with whatever credentials the server asks for. */
  request(url: string, init: RequestInit): Promise<Response>;
}

/** The server answered, and the answer is no. `message` is its sentence. */
export class Refused extends Error {}

/** The server answered that there is no such desktop. */
export class Missing extends Error {}

/** No answer, or one from something in between that is not our server. */
export class Unreachable extends Error {}

/** The REST API of one Jupyter server. */
export class Api {
  constructor(private readonly server: IServer) {}

  /**
   * Start the desktop `name` unless it runs, and wait until it is ready.
   *
   * @throws Refused when it cannot be started, Unreachable when nobody answers.
   */
  start(name: string): Promise<IDesktop> {
    return this.call('', {
      method: 'POST',
      body: JSON.stringify({ name }),
      headers: { 'Content-Type': 'application/json' }
    });
  }

  /**
   * The desktop `name`, which is not started by this.
   *
   * @throws Missing when it does not run, Refused, Unreachable.
   */
  look(name: string): Promise<IDesktop> {
    return this.call(`/${encodeURIComponent(name)}`, { method: 'GET' });
  }

  /** The URL of a desktop's websocket. */
  websocket(desktop: IDesktop): string {
    const url = new URL(desktop.websocket, this.server.wsUrl);
    if (this.server.token) {
      url.searchParams.set('token', this.server.token);
    }
    return url.href;
  }

  private async call(path: string, init: RequestInit): Promise<IDesktop> {
    const url = `${this.server.baseUrl}casa-desktop/api/desktops${path}`;
    const response = await this.answer(url, init);
    const body = await json(response);
    if (response.ok && typeof body?.websocket === 'string') {
      return body as unknown as IDesktop;
    }
    throw refusal(response.status, body);
  }

  private async answer(url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.server.request(url, { cache: 'no-store', ...init });
    } catch {
      throw new Unreachable('the server cannot be reached');
    }
  }
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
 * comes from a hub or a reverse proxy whose server is away for the moment.
 */
function refusal(status: number, body: Json | null): Error {
  if (status === 401 || status === 403) {
    return new Refused(
      'The server did not accept your login: reload this page to log in again.'
    );
  }
  if (typeof body?.error === 'string' && typeof body.message === 'string') {
    return new (status === 404 ? Missing : Refused)(body.message);
  }
  return new Unreachable(`the server answered with status ${status}`);
}
