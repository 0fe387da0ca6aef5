import type { Socket } from '../server/socket.js';
import type { ClientStream } from './clientstream.js';

/** What a channel reports, before noVNC receives it. */
interface IChannelEvents {
  /** Bytes of RFB. */
  received(bytes: Uint8Array): void;
  /** A message of the control channel. */
  told(message: IMessage): void;
  /** A frame of video, and the message that came before it. */
  filmed(message: IMessage, bytes: Uint8Array): void;
  /** The server's first answer has come, after so many ms. */
  met(roundTrip: number): void;
}

/** A message of the control channel: one object of JSON. */
export interface IMessage {
  readonly type?: unknown;
  readonly [key: string]: unknown;
}

/** What ended a channel. */
export interface IClosing {
  readonly code: number;
  readonly reason: string;
}

/** A WebSocket's states, as its `readyState` has them. */
const OPEN = 1;
const CLOSED = 3;

/**
 * A websocket as noVNC wants it, with RFB in its binary frames and the control
 * channel in its text frames, which noVNC never sees.
 *
 * noVNC writes each of its messages within one task of the event loop, so what
 * `write` sends from another task is never in the middle of one.
 */
export class Channel {
  // noVNC looks for these by name, and sets them.
  binaryType = 'arraybuffer';
  onopen: ((event: Event) => void) | null = null;
  onclose: ((closing: IClosing) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent<ArrayBuffer>) => void) | null = null;
  /** What ended it; null while it goes on. */
  closing: IClosing | null = null;
  /** Whether the server uses the control channel. */
  controlled = false;
  private asked: number | null = null;
  private known = false;
  private announced: IMessage | null = null;

  constructor(
    private readonly socket: Socket,
    private readonly client: ClientStream,
    private readonly events: IChannelEvents,
    private readonly clock: () => number = () => performance.now()
  ) {
    socket.binaryType = 'arraybuffer';
    socket.onopen = event => this.onopen?.(event);
    socket.onerror = event => this.onerror?.(event);
    socket.onmessage = event => this.receive(event);
    socket.onclose = event => this.end(event);
  }

  get protocol(): string {
    return this.socket.protocol;
  }

  get readyState(): number {
    return this.closing ? CLOSED : this.socket.readyState;
  }

  /** Send a message of noVNC's; called by noVNC. */
  send(bytes: Uint8Array): void {
    this.asked ??= this.socket.greeting?.asked ?? this.clock();
    this.write(this.client.pass(bytes));
  }

  /** Send a message of RFB of our own, if there is one. */
  write(bytes: Uint8Array | null): void {
    if (bytes && this.readyState === OPEN) {
      this.socket.send(bytes);
    }
  }

  /** Send a message on the control channel, if the server has one. */
  tell(message: IMessage): void {
    if (this.controlled && this.readyState === OPEN) {
      this.socket.send(JSON.stringify(message));
    }
  }

  /** Close the websocket; called by noVNC. */
  close(): void {
    this.socket.close();
  }

  /** Give up a connection on which nothing comes any more, at once. */
  abandon(reason: string): void {
    this.socket.onmessage = null;
    this.socket.onclose = null;
    this.socket.close();
    this.end({ code: 4000, reason });
  }

  private receive(event: MessageEvent<ArrayBuffer | string>): void {
    if (typeof event.data === 'string') {
      this.hear(event.data);
      return;
    }
    if (this.announced) {
      const message = this.announced;
      this.announced = null;
      this.events.filmed(message, new Uint8Array(event.data));
      return;
    }
    if (!this.known && this.asked !== null) {
      this.known = true;
      const { roundTrip } = this.socket.greeting ?? {};
      this.events.met(roundTrip ?? this.clock() - this.asked);
    }
    this.events.received(new Uint8Array(event.data));
    this.onmessage?.(event as MessageEvent<ArrayBuffer>);
  }

  private hear(text: string): void {
    this.controlled = true;
    const message: unknown = JSON.parse(text);
    if (typeof message === 'object' && message !== null) {
      this.take(message as IMessage);
    }
  }

  private take(message: IMessage): void {
    if (message.type === 'frame') {
      // The next binary frame is video, not RFB.
      this.announced = message;
    } else {
      this.events.told(message);
    }
  }

  private end({ code, reason }: IClosing): void {
    this.closing = { code, reason };
    this.onclose?.(this.closing);
  }
}
