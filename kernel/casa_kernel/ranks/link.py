"""The connection of each rank of a kernel over MPI with the launcher (``ranks.launcher``), over its unix socket.

::

    rank     → launcher   ["rank", 2]                 the first message
    others   → launcher   ["loaded", null]            CASA is there, as far as a server needs it to meet the others
    others   → launcher   ["failed", "CASA is …"]     why a server ends
    launcher → rank 0     ["port", 40123]             a socket that listens for Jupyter, with its descriptor
    launcher → rank 0     ["home", {…}]               the network in which the kernel is, with its helper's descriptor
    launcher → rank 0     ["lost", "Rank 2 of 3 …"]   a rank has ended, and all others will
    rank 0   → launcher   ["told", null]              the notebook knows
    rank 0   → launcher   ["imported", null]          the kernel has imported CASA
    launcher → others     ["imported", null]          likewise
    rank 0   → launcher   ["ended", null]             the kernel ends by itself

A rank that loses its launcher ends at once: nothing else would end the ranks together.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
from contextlib import suppress
from typing import Callable, List, MutableMapping, Optional

from casa_desktop import names
from casa_desktop.desktop import page_address
from casa_desktop.network.isolate import Quarters
from casa_desktop.system import messages, mpi_variables, unix_sockets
from casa_desktop.system.messages import Decoder, Word

# How long the launcher may take to answer, in seconds.
_PATIENCE = 60.0


class Link:
    """The connection of this rank.

    Args:
        path: of the launcher's socket.
        rank: this process's.

    Raises:
        OSError: there is no launcher.
    """

    def __init__(self, path: str, rank: int) -> None:
        self._connection = unix_sockets.connected(path, _PATIENCE)
        self._decoder = Decoder()
        self._connection.sendall(messages.encode(Word("rank", rank)))
        # A process that a cell forks may outlive the kernel, and must not be mistaken for it.
        os.register_at_fork(after_in_child=self._connection.close)

    def home(self) -> Quarters:
        """Wait for the network into which the launcher has moved, and return it. Only for rank 0, and only once.

        Raises:
            OSError: the launcher has gone, or does not answer.
        """
        quarters, complete = Quarters(), False
        held: List[int] = []
        self._connection.settimeout(_PATIENCE)
        while not complete:
            received, descriptors = unix_sockets.receive(self._connection, 4096)
            if not received:
                raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            # Linux delivers the bytes that came with descriptors by themselves.
            held += descriptors
            for word in self._decoder.feed(received):
                complete = quarters.take(word, held)
                held = []
        self._connection.settimeout(None)
        return quarters

    def say(self, kind: str, value: Optional[str] = None) -> None:
        """Send the launcher a message."""
        with suppress(OSError):
            self._connection.sendall(messages.encode(Word(kind, value)))

    def watch(self, on_word: Callable[[Word], object]) -> None:
        """Call ``on_word``, in a thread, with each message, and end this process when the launcher has gone."""
        threading.Thread(target=self._watch, args=(on_word,), name="casa-ranks", daemon=True).start()

    def _watch(self, on_word: Callable[[Word], object]) -> None:
        while True:
            try:
                received = self._connection.recv(4096)
            except OSError:
                received = b""
            if not received:
                # Whatever the other threads do, in native code too.
                os.kill(os.getpid(), signal.SIGKILL)
            for word in self._decoder.feed(received):
                on_word(word)


def joined(environ: MutableMapping[str, str]) -> Optional[Link]:
    """Return the connection of this process if it is a rank of a kernel over MPI; None if it has no launcher here.

    A process that has no rank is made none: variables that an MPI program or a batch system has set for the process
    from which this one was started are removed.

    Raises:
        OSError: the launcher has gone.
    """
    # Removed, so that programs that a cell starts are no ranks.
    path = environ.pop(names.RANKS, "")
    rank = mpi_variables.rank(environ)
    if rank is None:
        mpi_variables.scrub(environ)
    if rank is None or (rank and not os.path.exists(path)):
        # A server on another machine; mpirun there ends it.
        return None
    # ipykernel ends when its parent does, and Jupyter is not rank 0's.
    parent = str(os.getppid())
    page_address.hand_on(environ, parent)
    environ["JPY_PARENT_PID"] = parent
    return Link(path, rank)
