// What is measured inside the page; injected before any of its scripts. noVNC draws off screen and copies what has
// changed to the canvas that the user sees, once per update: that copy is hooked, and pixels are read right after it.
(() => {
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  const watchers = new Set();
  CanvasRenderingContext2D.prototype.drawImage = function (...args) {
    draw.apply(this, args);
    if (this.canvas.isConnected && this.canvas === canvas()) {
      watchers.forEach(watcher => watcher(this));
    }
  };
  const now = () => performance.timeOrigin + performance.now();
  const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
  // Selkies has a canvas for the pointer, too, and an element above both that takes the input.
  const canvas = () => document.querySelector('#videoCanvas') ?? document.querySelector('canvas');
  const pad = () => document.querySelector('#overlayInput') ?? canvas();

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
  const whenDrawn = context => {
    const { width, height } = context.canvas;
    const { data } = context.getImageData(0, height - 24, width, 24);
    if (new Set(new Uint32Array(data.buffer)).size > 20) {
      times.drawn = now();
      watchers.delete(whenDrawn);
    }
  };
  watchers.add(whenDrawn);

  const isBright = (context, x, y) => context.getImageData(x, y, 1, 1).data[1] > 127;

  const press = (x, y) => {
    const target = canvas();
    const box = target.getBoundingClientRect();
    const place = {
      clientX: box.left + (x * box.width) / target.width,
      clientY: box.top + (y * box.height) / target.height,
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
      const before = isBright(canvas().getContext('2d'), x, y);
      const end = milliseconds => {
        watchers.delete(look);
        clearTimeout(timer);
        resolve(milliseconds);
      };
      const look = context => {
        if (isBright(context, x, y) !== before) {
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
    counter = context => {
      const { data } = context.getImageData(left, y, right - left + 1, 1);
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
