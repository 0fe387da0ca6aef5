import type { IRect } from './clientmessages.js';
import { skip, Understood } from './reader.js';

/**
 * Read over one rectangle of Tight's with pixels of three bytes, and return
 * whether it is JPEG.
 */
export function* tight({ width, height }: IRect): Understood {
  const control = (yield 1).getUint8(0) >> 4;
  if (control === 8) {
    yield -3;
    return false;
  }
  if (control === 9) {
    yield* skip(yield* compactLength());
    return true;
  }
  const filter = control & 4 ? (yield 1).getUint8(0) : 0;
  let size = width * height * 3;
  if (filter === 1) {
    const colours = (yield 1).getUint8(0) + 1;
    yield -colours * 3;
    size = colours === 2 ? Math.ceil(width / 8) * height : width * height;
  }
  // What is shorter than 12 bytes is not compressed.
  yield* skip(size < 12 ? size : yield* compactLength());
  return false;
}

function* compactLength(): Generator<number, number, DataView> {
  let length = 0;
  for (let shift = 0; shift <= 14; shift += 7) {
    const byte = (yield 1).getUint8(0);
    length |= (shift === 14 ? byte : byte & 0x7f) << shift;
    if (byte < 0x80) {
      break;
    }
  }
  return length;
}
