"""A network link in user space, for machines whose kernel cannot shape one: delay, bandwidth, and a queue that fills.

It stands between the browser and a server, and carries TCP connections. What it does to the bytes of each direction:

- They leave one after the other at the link's rate, all connections together, and arrive half the round trip later.
- Before they leave they wait in a queue of at most ``QUEUE_SECONDS``, as in a router. Once it is full nothing more is
  read from the sender, whose own kernel then has to keep what it sends: a real sender's congestion window does as much.
- The receive buffers of the link's own sockets are small, for else the kernel would add a queue of megabytes.

Nothing is lost or reordered. The timers of an event loop round up to a millisecond: a round trip is as long as asked
and about one millisecond more.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import dataclass
from typing import Optional, Set, Tuple

QUEUE_SECONDS = 0.1
# A segment of Ethernet's size, where the rate matters; else as much as there is.
SEGMENT, LUMP = 1448, 1 << 16
RECEIVE_BUFFER = 1 << 14
# Messages under way, for the case that a receiver does not read.
MOST_UNDER_WAY = 4096


@dataclass(frozen=True)
class Shape:
    """How long and how wide a link is.

    Attributes:
        round_trip: seconds.
        rate: bytes per second in each direction; None is as fast as the machine.
    """

    round_trip: float = 0.0
    rate: Optional[float] = None


class Direction:
    """One direction of a link, shared by its connections.

    Attributes:
        carried: bytes that have been sent into it until now.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.carried = 0
        self._free_at = 0.0

    async def carry(self, source: socket.socket, sink: socket.socket) -> None:
        """Carry everything from ``source`` to ``sink`` until either ends."""
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[Tuple[float, bytes]] = asyncio.Queue(MOST_UNDER_WAY)
        delivery = asyncio.ensure_future(self._deliver(under_way, sink))
        try:
            while data := await loop.sock_recv(source, LUMP if self.shape.rate is None else SEGMENT):
                now = loop.time()
                self.carried += len(data)
                self._free_at = max(self._free_at, now)
                if self.shape.rate is not None:
                    self._free_at += len(data) / self.shape.rate
                await under_way.put((self._free_at + self.shape.round_trip / 2, data))
                if self._free_at - now > QUEUE_SECONDS:
                    await asyncio.sleep(self._free_at - now - QUEUE_SECONDS)
            await under_way.put((0.0, b""))
            await delivery
        finally:
            delivery.cancel()

    @staticmethod
    async def _deliver(under_way: asyncio.Queue[Tuple[float, bytes]], sink: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            arrives, data = await under_way.get()
            if not data:
                return
            if arrives > loop.time():
                await asyncio.sleep(arrives - loop.time())
            await loop.sock_sendall(sink, data)


class Link:
    """A link to a TCP port of this machine; a context manager.

    Args:
        target: the server's port on 127.0.0.1.
        shape: delay and rate.

    Attributes:
        port: where to connect on 127.0.0.1.
    """

    def __init__(self, target: int, shape: Shape) -> None:
        self._target = target
        self._directions = Direction(shape), Direction(shape)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._connections: Set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="link")

    def __enter__(self) -> Link:
        self._serving = self._loop.create_task(self._serve())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._serving.cancel)
        self._thread.join()
        self._listener.close()

    @property
    def received(self) -> int:
        """The bytes that the server has sent to its clients until now."""
        return self._directions[1].carried

    def _run(self) -> None:
        self._loop.run_until_complete(asyncio.wait([self._serving]))
        for each in self._connections:
            each.cancel()
        if self._connections:
            self._loop.run_until_complete(asyncio.wait(self._connections))
        self._loop.close()

    async def _serve(self) -> None:
        while True:
            accepted, _ = await self._loop.sock_accept(self._listener)
            connection = self._loop.create_task(self._connect(accepted))
            self._connections.add(connection)
            connection.add_done_callback(self._connections.discard)

    async def _connect(self, near: socket.socket) -> None:
        with near, socket.socket() as far:
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            for each in (near, far):
                each.setblocking(False)
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                await self._loop.sock_connect(far, ("127.0.0.1", self._target))
                up, down = self._directions
                ways = [asyncio.ensure_future(up.carry(near, far)), asyncio.ensure_future(down.carry(far, near))]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)
            except OSError:
                # One of the ends has closed.
                return
