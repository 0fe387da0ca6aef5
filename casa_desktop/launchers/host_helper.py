"""The host helper of a kernel in a private network namespace: a small process that stays in the machine's network.

It starts desktops for the kernel, so that they outlive it and have the machine's network, and starts the program for
outgoing connections (``network.uplink``). It keeps the sockets in the rendezvous folder reachable, through which
Jupyter communicates with the kernel (``runtime.kept_sockets``). It ends with the kernel and then removes the folder.

``python -m casa_desktop.launchers.host_helper``: the kernel's messages (``system.messages``) arrive on
standard input, a unix socket::

    kernel → helper   ["entered", null]     with descriptors of its network, and of its user namespace if it has one
                      ["listen", null]      with a listening socket for requests, as outside of a container
                      ["berth", "/path"]    the rendezvous folder to remove in the end, with its lock's descriptor
    helper → next one ["socket", "k-1"]     a socket in that folder, with its descriptor
                      ["berth", "/path"]    another folder in its place, with its lock's descriptor

Between them runs a process that sends all these messages again to a new helper if this one is killed
(``launchers.restarter``).
"""

from __future__ import annotations

import math
import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import List, Optional

from ..network import uplink
from ..runtime import rendezvous
from ..runtime.kept_sockets import Mooring
from ..system import threads, unix_sockets
from ..system.event_loop import Door, EventLoop, failed, refuse, tell_failure
from ..system.messages import Decoder, Word, encode
from ..system.process import Command, open_pid, spawn
from ..system.respawn import Child
from . import restarter
from .restarter import Standby


class Porter:
    """The host helper's event loop.

    Args:
        link: the connection from which the kernel's messages arrive.
        kernel: the PID of the kernel.
    """

    def __init__(self, link: socket.socket, kernel: int) -> None:
        self._link, self._decoder = link, Decoder()
        self._way: Optional[Child] = None
        self._mooring: Optional[Mooring] = None
        self._ended = False
        self._loop = EventLoop()
        restarter.on_signals(self._loop, self._end, self._reap)
        self._loop.on(link, self._take_words)
        self._life = open_pid(kernel)
        if self._life is not None:
            self._loop.on(self._life, self._end)

    def _end(self) -> None:
        self._ended = True

    def run(self) -> None:
        """Run until the kernel has ended."""
        while not self._ended:
            if self._way is not None and self._way.is_due():
                self._loop.attempt(self._way.mend)
                continue
            due = math.inf if self._way is None or self._way.due is None else self._way.due
            if self._mooring is not None:
                if self._mooring.due <= time.monotonic():
                    self._loop.attempt(self._mooring.mend)
                due = min(due, self._mooring.due)
            self._loop.turn(None if due == math.inf else due - time.monotonic())
        if self._way is not None:
            # Kill it: it has no state to save, and pasta takes a second to react to SIGTERM.
            self._way.drop()
        if self._mooring is not None:
            self._mooring.close()
            rendezvous.leave(self._mooring.berth, self._mooring.descriptor)

    def _reap(self) -> None:
        if self._way is not None:
            self._way.reap()

    def _take_words(self) -> None:
        received, descriptors = restarter.receive(self._link)
        if not received and self._life is not None:
            # The process between was killed; the kernel's end is still noticed through its pidfd.
            self._loop.off(self._link)
        elif not received:
            self._ended = True
        for word in self._decoder.feed(received):
            self._take(word, descriptors)

    def _take(self, word: Word, descriptors: List[int]) -> None:
        if word.kind == "entered":
            self._open_way(descriptors)
        elif word.kind == "listen":
            self._listen(socket.socket(fileno=descriptors[0]))
        elif word.kind == "berth":
            self._moor(rendezvous.Berth(Path(str(word.value))), descriptors[0])
        elif word.kind == "socket" and self._mooring is not None:
            self._mooring.take_over(str(word.value), descriptors[0])
            self._mooring.take_events()

    def _moor(self, berth: rendezvous.Berth, descriptor: int) -> None:
        if self._mooring is None:
            self._mooring = Mooring(berth, descriptor, self._keep)
            self._loop.on(self._mooring, self._mooring.take_events)
        else:
            self._mooring.move_to(berth, descriptor)
            self._mooring.take_events()

    def _keep(self, word: Word, descriptors: List[int]) -> None:
        # If the process between was killed, there will be no next helper.
        with suppress(OSError):
            unix_sockets.send(self._link, encode(word), descriptors)

    def _open_way(self, descriptors: List[int]) -> None:
        program = uplink.find(os.environ)
        if program is None:
            return
        network, user = (*descriptors, None)[:2]
        assert network is not None
        argv = uplink.command(program, network, user, root=os.geteuid() == 0)

        def begin() -> int:
            with open(os.devnull, "wb") as nowhere:
                return spawn(Command(argv, os.environ), log=nowhere, pass_fds=descriptors, cwd="/")

        self._way = Child(begin, lambda _sentence: None)
        self._way.start()

    def _listen(self, listener: socket.socket) -> None:
        door = Door(listener)
        self._loop.on(door, lambda: self._accept(door))

    def _accept(self, door: Door) -> None:
        connection = door.accept_or_refuse()
        if connection is None:
            return
        try:
            threads.start(_reply, connection)
        except (RuntimeError, MemoryError) as error:
            refuse(connection, error)


def _reply(connection: socket.socket) -> None:
    """Handle one request."""
    decoder = Decoder()
    words: List[Word] = []
    with connection, suppress(OSError, ValueError):
        try:
            while not words:
                received = connection.recv(4096)
                if not received:
                    return
                words = decoder.feed(received)
            if words[0].kind == "page":
                _serve_page(connection, words[0])
            else:
                connection.sendall(encode(_answer(words[0])))
        except MemoryError as error:
            tell_failure(connection, error)


def _serve_page(connection: socket.socket, word: Word) -> None:
    # Import late, as below.
    from ..desktop import page_process

    page_process.serve(connection, word)


def _answer(word: Word) -> Word:
    try:
        # Import late: only kernels that start a desktop need the memory that this takes.
        from . import kernel as outside
    except (ImportError, OSError, MemoryError) as error:
        return failed(error)
    return outside.answer(word, None)


def main() -> int:
    """Run the host helper and its restarter; return the exit status."""
    kernel = os.getppid()
    with suppress(ProcessLookupError):
        Standby(socket.socket(fileno=os.dup(0)), kernel, lambda link: Porter(link, kernel).run()).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
