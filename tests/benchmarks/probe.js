// What is measured inside the page; injected before any of its scripts. noVNC draws off screen and copies what has
// changed to the canvas that the user sees, once per update; Selkies decodes frames and hands them to a video element.
// Both are hooked, and pixels are read right after the one and right before the other: of all canvases and videos that
// can be seen, as they lie over each other. Neither waits for the browser to put it on the screen.
(() => {
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  const watchers = new Set();
  CanvasRenderingContext2D.prototype.drawImage = function (...args) {
    draw.apply(this, args);
    if (this.canvas.isConnected && this.canvas !== scratch && isSeen(this.canvas)) {
      watchers.forEach(watcher => watcher());
    }
  };
  // The frame that its video element is about to show, while the watchers look at it.
  let coming = null;
  const write = WritableStreamDefaultWriter.prototype.write;
  WritableStreamDefaultWriter.prototype.write = function (chunk) {
    if (chunk instanceof VideoFrame && layers().length) {
      coming = chunk;
      watchers.forEach(watcher => watcher());
      coming = null;
    }
    return write.call(this, chunk);
  };
  const now = () => performance.timeOrigin + performance.now();
  const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
  const isSeen = each => each.clientWidth > 0 && each.checkVisibility({ visibilityProperty: true });
  // casa-desktop's video is on a canvas in a closed tree.
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (how) {
    return attach.call(this, { ...how, mode: 'open' });
  };
  // Those further down lie above.
  const layers = () => [...document.querySelectorAll('canvas, video, .casa-desktop-Video')].filter(isSeen);
  // A video element is empty before its first frame.
  const picture = each => (each.tagName === 'VIDEO' && coming) || each.shadowRoot?.querySelector('canvas') || each;
  const sizeOf = ({ width, height, videoWidth, videoHeight, displayWidth, displayHeight }) => [
    displayWidth ?? videoWidth ?? width,
    displayHeight ?? videoHeight ?? height
  ];
  // Selkies has an element above all that takes the input.
  const pad = () => document.querySelector('#overlayInput') ?? layers()[0];

  const scratch = document.createElement('canvas');
  const pen = scratch.getContext('2d', { willReadFrequently: true });
  // The bytes of a rectangle of the desktop, which the lowest of all shows whole.
  const pixels = (x, y, width, height) => {
    if (scratch.width !== width || scratch.height !== height) {
      [scratch.width, scratch.height] = [width, height];
    }
    const [lowest, ...others] = layers();
    draw.call(pen, picture(lowest), -x, -y);
    const below = lowest.getBoundingClientRect();
    const scale = sizeOf(picture(lowest))[0] / below.width;
    for (const each of others) {
      const above = each.getBoundingClientRect();
      const [left, top] = [(above.left - below.left) * scale, (above.top - below.top) * scale];
      draw.call(pen, picture(each), left - x, top - y, above.width * scale, above.height * scale);
    }
    return pen.getImageData(0, 0, width, height).data;
  };

  // Milliseconds since the epoch, so that pages can be compared.
  const times = { clicked: null, drawn: null };
  window.bench = { times };
  addEventListener(
    'click',
    event => {
      times.clicked = performance.timeOrigin + event.timeStamp;
    },
    true
  );

  // The window manager's task bar, at the bottom, is what has many colours; the empty screen has one or two.
  const whenDrawn = () => {
    const [width, height] = sizeOf(picture(layers()[0]));
    const data = pixels(0, height - 24, width, 24);
    if (new Set(new Uint32Array(data.buffer)).size > 20) {
      times.drawn = now();
      watchers.delete(whenDrawn);
    }
  };
  watchers.add(whenDrawn);

  const isBright = (x, y) => pixels(x, y, 1, 1)[1] > 127;

  const press = (x, y) => {
    const [target] = layers();
    const box = target.getBoundingClientRect();
    const [width, height] = sizeOf(picture(target));
    const place = {
      clientX: box.left + (x * box.width) / width,
      clientY: box.top + (y * box.height) / height,
      bubbles: true,
      cancelable: true,
      button: 0
    };
    pad().dispatchEvent(new MouseEvent('mousedown', { ...place, buttons: 1 }));
    pad().dispatchEvent(new MouseEvent('mouseup', { ...place, buttons: 0 }));
  };

  // Milliseconds from the press to the other brightness at that place in the canvas, or `most` if there is none.
  const click = (x, y, most) =>
    new Promise(resolve => {
      const before = isBright(x, y);
      const end = milliseconds => {
        watchers.delete(look);
        clearTimeout(timer);
        resolve(milliseconds);
      };
      const look = () => {
        if (isBright(x, y) !== before) {
          end(performance.now() - started);
        }
      };
      const timer = setTimeout(() => end(most), most);
      watchers.add(look);
      const started = performance.now();
      press(x, y);
    });

  window.bench.clicks = async (number, x, y, most) => {
    const taken = [];
    while (taken.length < number) {
      // Not in step with the server's or the browser's frames.
      await pause(40 + 60 * Math.random());
      taken.push(await click(x, y, most));
    }
    return taken;
  };

  // Count the frames that are seen of what moves along one line of pixels: a frame is another one when at least
  // `least` of the pixels at `columns` have turned bright or dark since the last. Fewer are a picture that gets sharper.
  let counter = null;
  window.bench.watch = (y, columns, least) => {
    watchers.delete(counter);
    const [left, right] = [Math.min(...columns), Math.max(...columns)];
    const seen = { frames: 0, since: performance.now() };
    let last = null;
    counter = () => {
      const data = pixels(left, y, right - left + 1, 1);
      const bits = columns.map(x => data[4 * (x - left) + 1] > 127);
      if (last === null || bits.filter((bit, index) => bit !== last[index]).length >= least) {
        last = bits;
        seen.frames += 1;
      }
    };
    watchers.add(counter);
    window.bench.seen = () => {
      const { frames } = seen;
      const seconds = (performance.now() - seen.since) / 1000;
      seen.frames = 0;
      seen.since = performance.now();
      return { frames, seconds };
    };
  };
})();
