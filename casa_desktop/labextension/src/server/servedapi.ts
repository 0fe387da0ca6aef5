import { Api, Ended, IDesktop, IServer, Stranger, Unreachable } from './api.js';

/** What jupyter-server-proxy answers when nothing listens on a port. */
const NOTHING_THERE = 500;

/**
 * The API of a page that a kernel or `casa-desktop serve` serves: its server
 * ends with them, and the next one has another link.
 */
export class ServedApi extends Api {
  /** @param remedy where the user finds the next link, as sentences. */
  constructor(
    server: IServer,
    private readonly remedy: string
  ) {
    super(server);
  }

  override start(name: string): Promise<IDesktop> {
    return super.start(name).catch(error => this.explain(error));
  }

  override look(name: string): Promise<IDesktop> {
    return super.look(name).catch(error => this.explain(error));
  }

  private explain(error: unknown): never {
    // The port is another server's now.
    if (error instanceof Stranger) {
      throw new Ended(this.remedy);
    }
    if (error instanceof Unreachable) {
      throw error.status === NOTHING_THERE
        ? new Ended(this.remedy)
        : new Unreachable(error.message, error.status, this.remedy);
    }
    throw error;
  }
}
