import type { IRect } from '../rfb/clientmessages.js';

/** What the server says of a frame, before it sends it. */
export interface IFrame {
  /** The number of its stream. */
  readonly stream: number;
  /** Whether it needs no other frame. */
  readonly key: boolean;
  /** The part of the desktop that it shows. */
  readonly area: IRect;
}

/** What a player calls. */
export interface IPlayerEvents {
  /** A frame has been decoded; it is closed when this returns. */
  decoded(picture: VideoFrame, frame: IFrame): void;
  /** The browser cannot decode what it was sent. */
  failed(): void;
}

/** What browsers call the codecs, as the server's encoders write them. */
const NAMES: Readonly<Record<string, string>> = {
  h264: 'avc1.640033',
  vp8: 'vp8'
};

/**
 * Whether this browser decodes video for pages: older ones do not, and others
 * only for pages from a trustworthy origin (https, this machine).
 */
export const isDecoder = typeof VideoDecoder !== 'undefined';

/** The first of some codecs that this browser decodes; null if it has none. */
export async function decodable(
  codecs: readonly string[]
): Promise<string | null> {
  for (const codec of codecs.filter(name => name in NAMES)) {
    const config = { codec: NAMES[codec], codedWidth: 640, codedHeight: 640 };
    const { supported } = await VideoDecoder.isConfigSupported(config).catch(
      () => ({ supported: false })
    );
    if (supported) {
      return codec;
    }
  }
  return null;
}

/** Decodes one stream after the other, with the browser's own decoder. */
export class Player {
  private decoder: VideoDecoder | null = null;
  private stream = 0;
  private number = 0;
  private readonly waiting = new Map<number, IFrame>();

  constructor(private readonly events: IPlayerEvents) {}

  /** Decode the next frame. */
  feed(frame: IFrame, codec: string, bytes: Uint8Array): void {
    if (frame.stream !== this.stream) {
      if (!frame.key) {
        // Of a stream that has ended; it was under way.
        return;
      }
      this.begin(frame, codec);
    }
    const timestamp = this.number++;
    this.waiting.set(timestamp, frame);
    const type = frame.key ? 'key' : 'delta';
    this.try(() =>
      this.decoder?.decode(
        new EncodedVideoChunk({ type, timestamp, data: bytes })
      )
    );
  }

  /** Forget what is being decoded. */
  close(): void {
    const { decoder } = this;
    this.decoder = null;
    this.stream = 0;
    this.waiting.clear();
    if (decoder && decoder.state !== 'closed') {
      decoder.close();
    }
  }

  private begin({ stream, area }: IFrame, codec: string): void {
    this.close();
    this.stream = stream;
    const decoder = new VideoDecoder({
      output: picture => this.put(picture),
      error: () => this.fail(decoder)
    });
    this.decoder = decoder;
    this.try(() =>
      decoder.configure({
        codec: NAMES[codec],
        codedWidth: area.width,
        codedHeight: area.height,
        optimizeForLatency: true
      })
    );
  }

  private put(picture: VideoFrame): void {
    const frame = this.waiting.get(picture.timestamp);
    this.waiting.delete(picture.timestamp);
    try {
      if (frame) {
        this.events.decoded(picture, frame);
      }
    } finally {
      picture.close();
    }
  }

  private try(act: () => void): void {
    const { decoder } = this;
    try {
      act();
    } catch {
      this.fail(decoder);
    }
  }

  private fail(decoder: VideoDecoder | null): void {
    // One that was closed meanwhile does not count.
    if (decoder === this.decoder) {
      this.close();
      this.events.failed();
    }
  }
}
