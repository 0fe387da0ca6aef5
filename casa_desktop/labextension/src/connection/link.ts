import { ALONE, IAudience, readAudience, readLink } from './controlmessages.js';
import type { Socket } from '../server/socket.js';
import { Channel, IMessage } from '../rfb/channel.js';
import {
  IRect,
  IScreen,
  requestAgain,
  setDesktopSize
} from '../rfb/clientmessages.js';
import { ClientStream } from '../rfb/clientstream.js';
import { IPlan, Picture } from '../picture/losslessrefresh.js';
import { EXACT, nameOf, Quality } from '../picture/ladder.js';
import { PATIENCE, RoundTrips } from '../picture/roundtrips.js';
import {
  IFollower,
  ISize,
  IUpdate,
  ServerStream
} from '../rfb/serverstream.js';
import { Sizes } from '../picture/sizes.js';
import type { DesktopSignals } from './signals.js';
import type { IStats } from './stats.js';
import { Video } from './video.js';

/** What a link reports to the RFB connection around it. */
interface ILinkEvents {
  /** The server has sent the desktop's size. */
  sized(): void;
  /** The desktop's clipboard takes all of Unicode from now on. */
  unicode(): void;
  /** Who looks at the desktop has changed. */
  audience(audience: IAudience): void;
}

/** How often to check the picture while it changes, and otherwise, in ms. */
const BUSY = 100;
const QUIET = 3_000;
/** How much may come before a quiet link is checked, in bytes. */
const STIR = 16_384;
/** How long a link that may be dead has to answer, in ms. */
const PROBE = 4_000;

/** One websocket to one desktop, and everything on it that is not noVNC's. */
export class Link implements IFollower {
  readonly channel: Channel;
  readonly video: Video;
  readonly sizes = new Sizes();
  audience: IAudience = ALONE;
  private readonly picture = new Picture();
  private readonly roundTrips = new RoundTrips();
  private readonly stream = new ServerStream(this);
  private readonly client: ClientStream;
  private timer: number | undefined;
  private pace = QUIET;
  private screen: IScreen = { id: 0, flags: 0 };
  private visible = true;
  private greeted = false;
  private pictured = false;
  private heard = 0;
  /** How many bytes of RFB have come. */
  private rfb = 0;
  private stirred = 0;

  constructor(
    socket: Socket,
    private readonly events: ILinkEvents,
    private readonly signals: DesktopSignals
  ) {
    this.client = new ClientStream(
      this.picture.controller.encoding,
      socket.greeting?.said
    );
    this.channel = new Channel(socket, this.client, {
      received: bytes => this.received(bytes),
      told: message => this.told(message),
      filmed: (message, bytes) => this.filmed(message, bytes),
      met: roundTrip => this.met(roundTrip)
    });
    this.video = new Video({
      tell: message => this.channel.tell(message),
      leaveOut: area => this.leaveOut(area),
      restore: (area, rests) => this.restore(area, rests),
      shown: () => this.picture.filmed(),
      received: () => this.rfb,
      roundTrip: () => this.roundTrips.median ?? 0
    });
    this.schedule(QUIET);
  }

  /** Its statistics. */
  get stats(): IStats {
    const { width, height } = this.sizes.current ?? { width: 0, height: 0 };
    const { views, controls } = this.audience;
    const level = this.picture.exact ? EXACT : this.picture.controller.level;
    return {
      roundTrip: this.roundTrips.median,
      width,
      height,
      views,
      controls,
      quality: this.visible && this.video.film.covers ? 'video' : nameOf(level)
    };
  }

  /** Pin the quality, or with 'adaptive' let it follow the link. */
  choose(quality: Quality): void {
    this.picture.controller.choose(quality);
    this.schedule(0);
  }

  /** Set whether the view can be seen; a hidden one asks for no pictures. */
  show(visible: boolean): void {
    if (visible !== this.visible) {
      this.visible = visible;
      this.video.film.end();
      this.channel.tell({ type: 'visible', visible });
      this.channel.write(this.client.show(visible));
      if (visible) {
        this.sizes.insist();
        this.ask();
      }
      this.roundTrips.forget();
      this.schedule(0);
    }
  }

  /** Ask for the size that the view wants, if it is this view's to ask. */
  ask(): void {
    const size = this.sizes.next();
    if (size) {
      const { width, height } = size;
      this.channel.write(setDesktopSize(width, height, this.screen));
    }
  }

  /** Give the link up unless something comes within seconds. */
  probe(): void {
    const before = this.heard;
    this.ping();
    window.setTimeout(() => {
      if (this.heard === before && this.channel.controlled) {
        this.channel.abandon('no answer');
      }
    }, PROBE);
  }

  /** Stop all activity. */
  dispose(): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    this.pace = -1;
    this.video.dispose();
  }

  begin(width: number, height: number): void {
    this.sizes.current = { width, height };
    this.picture.lossy.resize(width, height);
    this.video.film.motion.resize(width, height);
    this.events.sized();
  }

  update(update: IUpdate): void {
    this.picture.update(update, performance.now());
    this.video.film.update(update);
  }

  frame(): void {
    if (!this.pictured) {
      this.pictured = true;
      // In a task of its own: noVNC reads the same chunk later in this one.
      window.setTimeout(() => this.signals.pictured.emit());
    }
    this.picture.frame();
    this.video.film.frame(performance.now());
  }

  unicode(): void {
    this.events.unicode();
  }

  size(size: ISize): void {
    const before = this.sizes.current;
    this.screen = size.screen;
    this.sizes.told(size);
    const { width, height } = this.sizes.current ?? size;
    if (width !== before?.width || height !== before.height) {
      this.picture.lossy.resize(width, height);
      this.video.film.resize(width, height);
      this.channel.write(this.client.resize(width, height));
    }
    this.events.sized();
  }

  private received(bytes: Uint8Array): void {
    this.heard += 1;
    this.stirred += bytes.length;
    this.rfb += bytes.length;
    this.picture.received(bytes.length);
    this.stream.feed(bytes);
    if (this.pace > 0 && this.picture.due) {
      return this.schedule(0);
    }
    const isWaiting = this.stirred > STIR || !this.picture.exact;
    if (this.pace === QUIET && isWaiting) {
      this.schedule(BUSY);
    }
  }

  private met(roundTrip: number): void {
    this.roundTrips.meet(roundTrip);
    this.picture.controller.meet(roundTrip);
    this.client.encode(this.picture.controller.encoding);
  }

  private told(message: IMessage): void {
    if (!this.greeted) {
      this.greeted = true;
      this.channel.tell({ type: 'visible', visible: this.visible });
      this.video.greet();
    }
    this.heard += 1;
    if (this.video.told(message)) {
      return;
    }
    switch (message.type) {
      case 'pong':
        this.roundTrips.pong(Number(message.id), performance.now());
        return;
      case 'audience':
        this.audience = readAudience(message);
        this.sizes.control(this.audience.controls);
        this.events.audience(this.audience);
        return;
      case 'link': {
        const url = readLink(message);
        return url === null ? undefined : this.signals.wantsToOpen.emit(url);
      }
    }
  }

  private schedule(pace: number): void {
    if (this.pace >= 0) {
      window.clearTimeout(this.timer);
      this.pace = pace;
      this.timer = window.setTimeout(() => this.tick(), pace);
    }
  }

  private tick(): void {
    const now = performance.now();
    this.stirred = 0;
    this.goOn(now);
    this.carryOut(this.picture.tick(now, this.roundTrips.delay(now)));
    if (this.visible) {
      this.ping();
    }
    this.signals.measured.emit();
    this.schedule(
      this.visible && (this.picture.busy || this.video.film.busy) ? BUSY : QUIET
    );
  }

  /** Begin video, let it go on, or end it. */
  private goOn(now: number): void {
    const { lossless, level } = this.picture.controller;
    const delay = this.roundTrips.delay(now);
    const mayPlay = this.visible && !lossless;
    this.video.tick(now, mayPlay, Math.min(level, EXACT - 1), delay);
  }

  private filmed(message: IMessage, bytes: Uint8Array): void {
    this.heard += 1;
    this.picture.received(bytes.length);
    this.video.feed(message, bytes);
  }

  private leaveOut(area: IRect | null): void {
    this.picture.leaveOut(area);
    this.channel.write(this.client.leaveOut(area));
  }

  private restore(area: IRect, rests: boolean): void {
    const { width, height } = this.sizes.current!;
    // Nothing of it may be left on a desktop that has become smaller.
    if (area.x < width && area.y < height) {
      this.carryOut(this.picture.restore(area, rests, performance.now()));
    }
  }

  private carryOut({ encoding, areas }: IPlan): void {
    if (encoding) {
      this.channel.write(this.client.encode(encoding));
    }
    for (const area of areas) {
      this.video.film.motion.expect(area);
      this.channel.write(requestAgain(area));
    }
  }

  private ping(): void {
    if (!this.channel.controlled) {
      return;
    }
    const now = performance.now();
    if (this.roundTrips.oldest(now) > PATIENCE) {
      this.channel.abandon('no answer');
      return;
    }
    this.channel.tell({ type: 'ping', id: this.roundTrips.ping(now) });
  }
}
