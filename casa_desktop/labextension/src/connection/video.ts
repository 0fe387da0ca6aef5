import type { IMessage } from '../rfb/channel.js';
import type { IRect } from '../rfb/clientmessages.js';
import { Film, IFilmHost } from '../video/film.js';
import type { Overlay } from '../video/overlay.js';
import { decodable, isDecoder, Player } from '../video/player.js';
import { readCodecs, readFrame } from './controlmessages.js';

/** What video asks of the link that brings it. */
interface IVideoHost extends Pick<
  IFilmHost,
  'leaveOut' | 'restore' | 'received' | 'roundTrip'
> {
  /** Say something to the server. */
  tell(message: IMessage): void;
  /** A frame has been shown. */
  shown(): void;
}

/** A link's video: when there is any, how it is decoded, and where it is drawn. */
export class Video {
  readonly film: Film;
  private readonly player: Player;
  private codec: string | null = null;
  private overlay: Overlay | null = null;
  private uncovering: number | undefined;

  constructor(private readonly host: IVideoHost) {
    this.film = new Film({
      ...host,
      request: (area, level, failed) => this.request(area, level, failed),
      draw: (picture, area) => this.draw(picture, area),
      uncover: () => this.uncover()
    });
    this.player = new Player({
      decoded: (picture, frame) => {
        host.tell({ type: 'shown', stream: frame.stream });
        this.film.show(picture, frame, performance.now());
      },
      failed: () => this.film.fail(performance.now())
    });
  }

  /** Show it on this overlay. */
  cover(overlay: Overlay): void {
    this.overlay = overlay;
  }

  /** The view or its scale has changed. */
  place(): void {
    this.overlay?.place();
  }

  /** Ask the server how it can encode, if this browser can decode anything. */
  greet(): void {
    if (isDecoder) {
      this.host.tell({ type: 'codecs' });
    }
  }

  /** Take what the server says; returns whether it was about video. */
  told(message: IMessage): boolean {
    switch (message.type) {
      case 'codecs':
        void this.offered(readCodecs(message));
        return true;
      case 'rest':
        this.film.rest(Number(message.stream));
        return true;
      case 'ended':
        this.film.fail(performance.now());
        return true;
      default:
        return false;
    }
  }

  /** A frame has come. */
  feed(message: IMessage, bytes: Uint8Array): void {
    const frame = readFrame(message);
    if (frame && this.codec && this.film.wanted) {
      this.player.feed(frame, this.codec, bytes);
    }
  }

  /**
   * Begin, go on, or end; called often while something moves.
   *
   * @param mayPlay whether the view can be seen and its quality allows video.
   * @param level the step of quality to encode with.
   * @param delay how much longer than the shortest pings take, in ms.
   */
  tick(now: number, mayPlay: boolean, level: number, delay: number): void {
    if (mayPlay && this.codec && this.overlay) {
      this.film.tick(now, level, delay);
    } else {
      this.film.end();
    }
  }

  /** Stop all activity. */
  dispose(): void {
    this.player.close();
    this.overlay?.hide();
  }

  private async offered(codecs: readonly string[]): Promise<void> {
    this.codec = await decodable(codecs);
  }

  private request(area: IRect | null, level: number, failed: boolean): void {
    this.host.tell(
      area
        ? { type: 'video', area, codec: this.codec, level }
        : { type: 'video', area, failed }
    );
    if (!area) {
      this.player.close();
    }
  }

  private draw(picture: VideoFrame, area: IRect): void {
    window.cancelAnimationFrame(this.uncovering ?? 0);
    this.host.shown();
    this.overlay?.draw(picture, area);
  }

  /** Take the video away as soon as noVNC has drawn what is below it. */
  private uncover(): void {
    this.uncovering = requestAnimationFrame(() => {
      this.uncovering = requestAnimationFrame(() => this.overlay?.hide());
    });
  }
}
