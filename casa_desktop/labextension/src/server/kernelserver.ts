import type { IServer } from './api.js';
import { KernelSocket } from './kernelsocket.js';
import type { Socket } from './socket.js';

/** The part of a widget's model that is used here, as anywidget gives it. */
export interface IModel {
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(event: string, listener: (...values: never[]) => void): void;
  off(event: string, listener: (...values: never[]) => void): void;
}

/** A message from the kernel. */
interface IWord {
  readonly type: 'answer' | 'opened' | 'data' | 'here' | 'closed';
  /** The id of the request or socket that it belongs to. */
  readonly id: string;
  readonly status?: number;
  readonly body?: unknown;
  readonly code?: number;
  readonly reason?: string;
}

interface IQuestion {
  answer(response: Response): void;
  fail(error: Error): void;
}

/** How long the kernel may take to start a desktop, in ms. */
const PATIENCE = 60_000;

const BASE = 'kernel://kernel/';

/**
 * The server of the desktop's page, in the kernel: requests and websockets go
 * over the channel that the kernel has to its notebook.
 *
 * All pages that show the notebook hear all of the kernel's messages. Each takes
 * those with an id of its own.
 */
export class KernelServer implements IServer {
  readonly baseUrl = BASE;
  readonly wsUrl = BASE;
  readonly token = '';
  private readonly sockets = new Map<string, KernelSocket>();
  private readonly questions = new Map<string, IQuestion>();
  private readonly origin = random();
  private count = 0;
  private lost = false;
  private readonly hear = (word: IWord, buffers: DataView[]): void =>
    this.receive(word, buffers);
  private readonly lose = (): void => this.end();

  constructor(private readonly model: IModel) {
    model.on('msg:custom', this.hear);
    // Its only change is its end: with the kernel, or when it is restarted.
    model.on('comm_live_update', this.lose);
  }

  request(url: string, { method, body }: RequestInit): Promise<Response> {
    const id = this.next();
    const path = url.slice(`${BASE}casa-desktop/api/`.length);
    return new Promise<Response>((resolve, reject) => {
      if (this.lost) {
        resolve(gone());
        return;
      }
      const timer = setTimeout(
        () => this.questions.get(id)?.fail(new Error('no answer')),
        PATIENCE
      );
      const done = (): void => {
        clearTimeout(timer);
        this.questions.delete(id);
      };
      this.questions.set(id, {
        answer: response => (done(), resolve(response)),
        fail: error => (done(), reject(error))
      });
      const asked = { type: 'ask', id, method: method ?? 'GET', path, body };
      this.model.send(asked);
    });
  }

  readonly connect = (url: string): Socket => {
    const id = this.next();
    const name = decodeURIComponent(url.slice(BASE.length));
    const socket = new KernelSocket(
      name,
      (message, bytes) =>
        this.model.send(
          { ...message, id },
          undefined,
          bytes ? [bytes] : undefined
        ),
      () => this.sockets.delete(id)
    );
    this.sockets.set(id, socket);
    return socket;
  };

  /** Close the sockets. */
  hangUp(): void {
    this.sockets.forEach(socket => socket.close());
  }

  /** Hear nothing more; the sockets are closed. */
  dispose(): void {
    this.model.off('msg:custom', this.hear);
    this.model.off('comm_live_update', this.lose);
    this.hangUp();
  }

  private next(): string {
    this.count += 1;
    return `${this.origin}-${this.count}`;
  }

  private receive(word: IWord, buffers: DataView[]): void {
    const socket = this.sockets.get(word.id);
    switch (word.type) {
      case 'answer':
        return this.questions.get(word.id)?.answer(response(word, buffers));
      case 'opened':
        return socket?.opened();
      case 'here':
        return socket?.here();
      case 'data':
        return buffers.forEach(each => socket?.receive(copy(each)));
      case 'closed':
        return socket?.end(word.code ?? 1005, word.reason ?? '');
    }
  }

  private end(): void {
    this.lost = true;
    this.questions.forEach(question => question.answer(gone()));
    this.sockets.forEach(socket => socket.end(1001, LOST));
  }
}

const LOST = 'The kernel has ended. Run the cell again.';

function gone(): Response {
  const body = { error: 'KernelEnded', message: LOST };
  return new Response(JSON.stringify(body), { status: 410 });
}

function response({ status, body }: IWord, buffers: DataView[]): Response {
  const content = buffers.length ? copy(buffers[0]) : JSON.stringify(body);
  return new Response(content, { status });
}

function copy({ buffer, byteOffset, byteLength }: DataView): ArrayBuffer {
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}

/** Pages must not have ids in common; `crypto.randomUUID` wants https. */
function random(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))]
    .map(number => number.toString(36))
    .join('');
}
