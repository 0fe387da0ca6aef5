import type { Socket } from './socket.js';

/** What a socket sends through the kernel's channel. */
export interface ISocketMessage {
  readonly type: 'open' | 'data' | 'taken' | 'here' | 'close';
  /** The desktop's name, to open. */
  readonly desktop?: string;
  /** How many bytes were taken since the last such message. */
  readonly bytes?: number;
}

/** Sends a message of a socket's, with bytes if it has any. */
type Send = (message: ISocketMessage, bytes?: ArrayBuffer) => void;

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

/** A connection that has no end of its own; RFC 6455, section 7.1.5. */
const ABNORMAL = 1006;
/** After so many bytes the kernel may send more: an eighth of its window. */
const SHARE = 32_768;
/** How often the kernel hears that this side is there, in ms. */
const BEAT = 20_000;

/**
 * A websocket's counterpart over the kernel's channel.
 *
 * The kernel sends a limited number of bytes ahead of what was taken here, and
 * gives up a socket of which it hears nothing for minutes.
 */
export class KernelSocket implements Socket {
  binaryType: BinaryType = 'arraybuffer';
  readonly protocol = '';
  readyState = CONNECTING;
  onopen: Socket['onopen'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  onmessage: Socket['onmessage'] = null;
  private taken = 0;
  private readonly timer = setInterval(() => this.beat(), BEAT);
  private answered = true;

  constructor(
    desktop: string,
    private readonly tell: Send,
    private readonly ended: () => void
  ) {
    tell({ type: 'open', desktop });
  }

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    if (this.readyState === OPEN && ArrayBuffer.isView(data)) {
      const { buffer, byteOffset, byteLength } = data;
      const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
      this.tell({ type: 'data' }, bytes as ArrayBuffer);
    }
  }

  close(): void {
    if (this.readyState !== CLOSED) {
      this.tell({ type: 'close' });
      this.end(1000, '');
    }
  }

  /** The kernel is connected to the desktop. */
  opened(): void {
    if (this.readyState === CONNECTING) {
      this.readyState = OPEN;
      this.onopen?.call(this as never, new Event('open'));
    }
  }

  /** The kernel has answered a beat. */
  here(): void {
    this.answered = true;
  }

  /** Bytes have come from the desktop. */
  receive(data: ArrayBuffer): void {
    if (this.readyState !== OPEN) {
      return;
    }
    const event = new MessageEvent('message', { data });
    this.onmessage?.call(this as never, event);
    this.taken += data.byteLength;
    if (this.taken >= SHARE) {
      this.tell({ type: 'taken', bytes: this.taken });
      this.taken = 0;
    }
  }

  /** It has ended; nothing is sent any more. */
  end(code: number, reason: string): void {
    if (this.readyState === CLOSED) {
      return;
    }
    this.readyState = CLOSED;
    clearInterval(this.timer);
    this.ended();
    const closing = Object.assign(new Event('close'), {
      code,
      reason,
      wasClean: code !== ABNORMAL
    });
    this.onclose?.call(this as never, closing);
  }

  private beat(): void {
    if (!this.answered) {
      this.tell({ type: 'close' });
      this.end(ABNORMAL, 'the kernel does not answer');
      return;
    }
    this.answered = false;
    this.tell({ type: 'here' });
  }
}
