/** RFB's messages from client to server that we write ourselves. */

/** A part of the desktop, in its pixels. */
export interface IRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A desktop's one screen, as the server numbers it. */
export interface IScreen {
  readonly id: number;
  readonly flags: number;
}

/** What noVNC says after its version: no password, and other views may stay. */
export const REST_OF_HANDSHAKE = [Uint8Array.of(1), Uint8Array.of(1)];

/** SetPixelFormat: 32 bits for each pixel, of which red is the first byte. */
export function setPixelFormat(): Uint8Array {
  const { bytes, view } = message(20, 0);
  // Bits per pixel and colour, little-endian, true colours.
  bytes.set([32, 24, 0, 1], 4);
  [255, 255, 255].forEach((most, n) => view.setUint16(8 + 2 * n, most));
  bytes.set([0, 8, 16], 14);
  return bytes;
}

/** SetEncodings. */
export function setEncodings(encodings: readonly number[]): Uint8Array {
  const { bytes, view } = message(4 + 4 * encodings.length, 2);
  view.setUint16(2, encodings.length);
  encodings.forEach((encoding, index) =>
    view.setInt32(4 + 4 * index, encoding)
  );
  return bytes;
}

/** Which encodings a SetEncodings message names. */
export function encodingsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint16(2);
  return Array.from({ length: count }, (_, n) => view.getInt32(4 + 4 * n));
}

/** FramebufferUpdateRequest for all of an area, changed or not. */
export function requestAgain(area: IRect): Uint8Array {
  const { bytes, view } = message(10, 3);
  put(view, 2, area);
  return bytes;
}

/** FramebufferUpdateRequest for what changes in an area. */
export function requestChanges(area: IRect): Uint8Array {
  const { bytes, view } = message(10, 3);
  view.setUint8(1, 1);
  put(view, 2, area);
  return bytes;
}

/** Stop the continuous updates; the server says when it has. */
export function stopUpdates(): Uint8Array {
  return message(10, 150).bytes;
}

/**
 * EnableContinuousUpdates for an area. An empty one stops the updates and,
 * unlike switching them off, is not answered: noVNC need not know of it.
 */
export function updateContinuously(area: IRect): Uint8Array {
  const { bytes, view } = message(10, 150);
  view.setUint8(1, 1);
  put(view, 2, area);
  return bytes;
}

/** SetDesktopSize, with one screen that fills it. */
export function setDesktopSize(
  width: number,
  height: number,
  screen: IScreen
): Uint8Array {
  const { bytes, view } = message(24, 251);
  view.setUint16(2, width);
  view.setUint16(4, height);
  view.setUint8(6, 1);
  view.setUint32(8, screen.id);
  put(view, 12, { x: 0, y: 0, width, height });
  view.setUint32(20, screen.flags);
  return bytes;
}

/** Several messages in one. */
export function joined(messages: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(
    messages.reduce((length, message) => length + message.length, 0)
  );
  let at = 0;
  for (const message of messages) {
    all.set(message, at);
    at += message.length;
  }
  return all;
}

function message(
  length: number,
  type: number
): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(length);
  bytes[0] = type;
  return { bytes, view: new DataView(bytes.buffer) };
}

function put(view: DataView, at: number, area: IRect): void {
  view.setUint16(at, area.x);
  view.setUint16(at + 2, area.y);
  view.setUint16(at + 4, area.width);
  view.setUint16(at + 6, area.height);
}
