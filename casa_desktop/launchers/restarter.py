"""Starts a kernel's host helper, and starts a new one if it is killed.

A host helper runs outside of the kernel's network namespace, but whatever the kernel starts runs inside. So this
process is started before the kernel enters the namespace, and forks each host helper. It keeps the messages of the
kernel and of the host helper with their descriptors, and sends them again to the next host helper. If this process is
killed, the host helper runs on alone.
"""

from __future__ import annotations

import math
import os
import signal
import socket
import time
from contextlib import suppress
from typing import Callable, List, Optional, Tuple

from ..system import unix_sockets
from ..system.event_loop import EventLoop, is_passing
from ..system.process import open_pid
from ..system.respawn import Child
from ..system.signals import Signals


def receive(link: socket.socket) -> Tuple[bytes, List[int]]:
    """Return the next bytes of a connection and the descriptors that came with them; no bytes at its end.

    Raises:
        OSError: a temporary shortage; try again later.
    """
    try:
        return unix_sockets.receive(link, 4096)
    except OSError as error:
        if is_passing(error):
            raise
        return b"", []


def on_signals(loop: EventLoop, end: Callable[[], None], reap: Callable[[], None]) -> None:
    """Have a loop call ``end`` on SIGTERM, and ``reap`` when a child has ended; a terminal's signals are ignored."""
    signals = Signals([signal.SIGCHLD, signal.SIGTERM])
    # A terminal's signals are for the kernel.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)

    def take() -> None:
        if signal.SIGTERM in signals.take():
            end()
        reap()

    loop.on(signals, take)


class Standby:
    """Restarts the host helper.

    Args:
        link: the connection from which the kernel's messages arrive.
        kernel: the PID of the kernel.
        porter: runs the host helper, in a forked process, with the connection for its messages.

    Raises:
        ProcessLookupError: the kernel has ended.
    """

    def __init__(self, link: socket.socket, kernel: int, porter: Callable[[socket.socket], None]) -> None:
        self._link, self._porter = link, porter
        self._words: List[Tuple[bytes, List[int]]] = []
        self._its: Optional[socket.socket] = None
        self._ended = False
        self._child = Child(self._begin, lambda _sentence: None)
        self._loop = EventLoop()
        on_signals(self._loop, self._end, self._child.reap)
        self._loop.on(link, self._take_words)
        life = open_pid(kernel)
        if life is not None:
            self._loop.on(life, lambda: self._end(life))

    def run(self) -> None:
        """Run until the kernel and the host helper have ended."""
        self._child.start()
        while not self._ended or self._child.pid is not None:
            if not self._ended and self._child.is_due():
                self._loop.attempt(self._child.mend)
            due = math.inf if self._child.due is None or self._ended else self._child.due
            self._loop.turn(None if due == math.inf else max(due - time.monotonic(), 0))

    def _begin(self) -> int:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                ours.close()
                self._link.close()
                for _, descriptors in self._words:
                    for each in descriptors:
                        os.close(each)
                self._porter(its)
                status = 0
            finally:
                os._exit(status)
        its.close()
        if self._its is not None:
            if self._its in self._loop:
                self._loop.off(self._its)
            self._its.close()
        self._its = ours
        self._loop.on(ours, self._take_its_words)
        for received, descriptors in self._words:
            self._pass_on(received, descriptors)
        return pid

    def _pass_on(self, received: bytes, descriptors: List[int]) -> None:
        if self._its is not None:
            with suppress(OSError):
                unix_sockets.send(self._its, received, descriptors)

    def _take_its_words(self) -> None:
        """Keep what the host helper has for the next one; a later message with the same words replaces it."""
        assert self._its is not None
        received, descriptors = receive(self._its)
        if not received:
            self._loop.off(self._its)
            return
        for place, (former, old) in enumerate(self._words):
            if former == received:
                self._words[place] = received, descriptors
                for each in old:
                    os.close(each)
                return
        self._words.append((received, descriptors))

    def _take_words(self) -> None:
        received, descriptors = receive(self._link)
        if not received:
            self._end(self._link)
            return
        self._words.append((received, descriptors))
        self._pass_on(received, descriptors)

    def _end(self, source: object = None) -> None:
        if source is not None:
            self._loop.off(source)
        self._ended = True
        self._child.signal(signal.SIGTERM)
        self._child.signal(signal.SIGCONT)
