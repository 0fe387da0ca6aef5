// @vitest-environment happy-dom
import assert from 'node:assert/strict';
import { test, vi } from 'vitest';
import { Link } from '../../src/connection/link.js';
import { DesktopSignals } from '../../src/connection/signals.js';
import { COPY_RECT, DESKTOP_NAME } from '../../src/rfb/encodings.js';
import type { Socket } from '../../src/server/socket.js';
import { greeting, Writer } from '../rfb/stream.js';

const NAME = new Writer().u8(0, 0).u16(1).rect(0, 0, 0, 0, DESKTOP_NAME).u32(0);
const PICTURE = new Writer()
  .u8(0, 0)
  .u16(1)
  .rect(0, 0, 64, 64, COPY_RECT)
  .u16(0, 0);

test('the first picture is told of once, when noVNC has it', () => {
  vi.useFakeTimers();
  const socket = { send: () => undefined } as unknown as Socket;
  const signals = new DesktopSignals();
  const events: string[] = [];
  signals.pictured.connect(() => events.push('pictured'));
  const link = new Link(
    socket,
    {
      sized: () => undefined,
      unicode: () => undefined,
      audience: () => undefined
    },
    signals
  );
  link.channel.onmessage = () => events.push('noVNC');
  for (const part of [greeting(), NAME, PICTURE, PICTURE]) {
    const data = part.done().buffer;
    socket.onmessage?.call(
      socket as never,
      new MessageEvent('message', { data })
    );
    vi.advanceTimersByTime(0);
  }
  link.dispose();
  assert.deepEqual(events, ['noVNC', 'noVNC', 'noVNC', 'pictured', 'noVNC']);
  vi.useRealTimers();
});
