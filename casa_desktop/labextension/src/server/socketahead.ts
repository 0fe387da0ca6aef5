import type { Socket } from './socket.js';

const OPEN = 1;

/**
 * A websocket that is opened before there is anything to show what comes on it.
 *
 * Nothing piles up meanwhile: before it is spoken to, the server says a few
 * words and no picture.
 */
export class SocketAhead implements Socket {
  onopen: Socket['onopen'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  onmessage: Socket['onmessage'] = null;
  private readonly socket: WebSocket;
  private missed: MessageEvent[] | null = [];

  constructor(readonly url: string) {
    const socket = (this.socket = new WebSocket(url));
    // Before anything comes; a view sets it later to the same.
    socket.binaryType = 'arraybuffer';
    socket.onopen = event => this.onopen?.call(socket, event);
    socket.onclose = event => this.onclose?.call(socket, event);
    socket.onerror = event => this.onerror?.call(socket, event);
    socket.onmessage = event => {
      if (this.missed) {
        this.missed.push(event);
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
