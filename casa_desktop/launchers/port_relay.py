"""Relays between the TCP ports that a Jupyter has chosen for a kernel and the unix sockets of a kernel in a container.

A Jupyter without our provisioner (``kernels.provisioner``) knows only ports. The container has a network of its own in
which they cannot be had, so the launcher listens on them, and passes on what comes, byte by byte: ZMQ speaks the same
protocol over both kinds of sockets. Whatever is signed or encrypted stays so.

A client may connect before the kernel listens; its connection waits until the kernel's socket has appeared.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Coroutine, Dict, Mapping, Optional, Set, Tuple

from inotify_simple import flags

from ..network import isolate
from ..runtime.rendezvous import Berth
from ..system.inotify import Watches
from ..system.threads import Joinable

# How long the last messages of a kernel that has ended may take to reach its clients, in seconds.
_LAST_SECONDS = 2.0
_PIECE = 65536


class Ports:
    """The ports of one kernel. They are open from the beginning, so that no other program takes them.

    Args:
        connection: the contents of Jupyter's connection file.

    Attributes:
        chosen: the ports that Jupyter left to us, by their names in a connection file.

    Raises:
        OSError, OverflowError, TypeError, ValueError: a port or the address cannot be used.
    """

    def __init__(self, connection: Mapping[str, Any]) -> None:
        listeners, self.chosen = isolate.listen(connection)
        ports = {**connection, **self.chosen}
        self._listeners = [listeners[int(ports[name])] for name in isolate.PORTS]
        self._relay: Optional[_Relay] = None

    def relay(self, connection: Mapping[str, Any], berth: Berth) -> Dict[str, Any]:
        """Pass on from now on what comes; return the contents of the kernel's own connection file.

        Args:
            connection: the contents of Jupyter's connection file.
            berth: the kernel's rendezvous folder, which exists.

        Raises:
            RuntimeError: no further thread can be started.
        """
        numbers = {name: number for number, name in enumerate(isolate.PORTS, 1)}
        doors = {f"{berth.ipc}-{number}": each for number, each in enumerate(self._listeners, 1)}
        self._relay = _Relay(doors, berth.folder)
        return {**connection, **numbers, "transport": "ipc", "ip": berth.ipc}

    def close(self) -> None:
        """Close the ports, and return when the clients have what the kernel has sent, or after a while."""
        if self._relay is not None:
            self._relay.close()
        for each in self._listeners:
            each.close()


class _Relay:
    """Passes on connections, in a thread of its own.

    Args:
        doors: listening sockets, by the paths of the unix sockets to which they lead.
        folder: the folder of the unix sockets.
    """

    def __init__(self, doors: Mapping[str, socket.socket], folder: Path) -> None:
        self._doors, self._folder = doors, folder
        self._loop = asyncio.new_event_loop()
        self._over, self._arrival = self._loop.create_future(), self._loop.create_future()
        self._watches = Watches()
        self._connections: Set[asyncio.Task[None]] = set()
        self._thread = Joinable(self._run)

    def close(self) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._over.set_result, None)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._watches.close()
            self._loop.close()

    async def _serve(self) -> None:
        self._watch()
        accept = self._accept
        servers = [await asyncio.start_server(partial(accept, path), sock=door) for path, door in self._doors.items()]
        await self._over
        for server in servers:
            server.close()
        if self._connections:
            await asyncio.wait(self._connections, timeout=_LAST_SECONDS)
        for each in self._connections:
            each.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _watch(self) -> None:
        self._watches.begin()
        with suppress(OSError):
            self._watches.add(str(self._folder), int(flags.CREATE | flags.MOVED_TO))
        for descriptor in self._watches.readable:
            self._loop.add_reader(descriptor, self._take_events)

    def _take_events(self) -> None:
        self._watches.read()
        self._arrival.set_result(None)
        self._arrival = self._loop.create_future()

    def _accept(self, path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._pass_on(path, reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _pass_on(self, path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on one connection, until one of its ends closes it."""
        # A client whose connection is closed connects again, without end: that is ZMQ's.
        with suppress(OSError):
            try:
                inner_reader, inner_writer = await self._connected(path)
                try:
                    await _first(_pump(reader, inner_writer), _pump(inner_reader, writer))
                finally:
                    inner_writer.close()
            finally:
                writer.close()
            await writer.wait_closed()

    async def _connected(self, path: str) -> Tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the kernel's socket, as soon as it is there.

        Raises:
            OSError: the kernel does not listen any more, or not yet and its socket cannot be waited for.
        """
        while True:
            arrival = self._arrival
            try:
                return await asyncio.open_unix_connection(path)
            except FileNotFoundError:
                if self._watches.shortage is not None or self._over.done():
                    raise
            await _either(arrival, self._over)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes from one end until it closes the connection."""
    while True:
        piece = await reader.read(_PIECE)
        if not piece:
            return
        writer.write(piece)
        await writer.drain()


async def _first(*pumps: Coroutine[Any, Any, None]) -> None:
    """Run both directions until one of them ends."""
    tasks = [asyncio.ensure_future(each) for each in pumps]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in tasks:
            each.cancel()
        # Their errors are those of closed connections.
        await asyncio.gather(*tasks, return_exceptions=True)


async def _either(*futures: asyncio.Future[None]) -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
