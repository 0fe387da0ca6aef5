import type { IGreeting, Socket } from './socket.js';

/** Answers the desktop until a view does. */
interface IGreeter extends IGreeting {
  /** What to answer to what the desktop says; null for nothing. */
  hear(bytes: Uint8Array): Uint8Array | null;
}

const OPEN = 1;

/**
 * A websocket that is opened before there is anything to show what comes on it.
 *
 * Little piles up meanwhile: one picture, and the first changes, because Xvnc
 * sends no more until the view acknowledges them.
 */
export class SocketAhead implements Socket {
  onopen: Socket['onopen'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  onmessage: Socket['onmessage'] = null;
  private readonly socket: WebSocket;
  private missed: MessageEvent[] | null = [];

  constructor(
    readonly url: string,
    readonly greeting?: IGreeter
  ) {
    const socket = (this.socket = new WebSocket(url));
    // Before anything comes; a view sets it later to the same.
    socket.binaryType = 'arraybuffer';
    socket.onopen = event => this.onopen?.call(socket, event);
    socket.onclose = event => this.onclose?.call(socket, event);
    socket.onerror = event => this.onerror?.call(socket, event);
    socket.onmessage = event => {
      if (this.missed) {
        this.missed.push(event);
        this.answer(event.data);
      } else {
        this.onmessage?.call(socket, event);
      }
    };
  }

  /**
   * Hand over to a view what has come, once the present task has attached it.
   *
   * @returns false when the socket has ended, or belongs to a view already.
   */
  take(): boolean {
    if (!this.missed || this.socket.readyState > OPEN) {
      return false;
    }
    queueMicrotask(() => {
      const { missed } = this;
      this.missed = null;
      missed?.forEach(event => this.onmessage?.call(this.socket, event));
    });
    return true;
  }

  private answer(data: ArrayBuffer | string): void {
    if (typeof data !== 'string') {
      const answer = this.greeting?.hear(new Uint8Array(data));
      if (answer) {
        this.socket.send(answer);
      }
    }
  }

  get binaryType(): BinaryType {
    return this.socket.binaryType;
  }

  set binaryType(type: BinaryType) {
    this.socket.binaryType = type;
  }

  get protocol(): string {
    return this.socket.protocol;
  }

  get readyState(): number {
    return this.socket.readyState;
  }

  send(data: Parameters<WebSocket['send']>[0]): void {
    this.socket.send(data);
  }

  close(code?: number, reason?: string): void {
    this.socket.close(code, reason);
  }
}
