"""Stand between CASA and the mask editor, and write down what they say about masks: ``relay VIEWERS ADDRESSES``.

CASA's C++ is given an address of this program in place of the viewer's. Bytes pass through unchanged, whether they are
understood or not; what is understood is printed, one JSON object a line, before the bytes of the answer are passed on.

Why a process of its own, and why bytes: the interpreter of the kernel is in the hands of CASA's C++, which may hold its
lock while it waits for the viewer, and of users, who may use up its memory and descriptors; a gRPC server in it could
stop answering for ever. Messages that are read and written anew would have to be understood, in every version.

VIEWERS and ADDRESSES are FIFOs: for each line in the first, a viewer's address, a line is written into the second, the
address to use in its place. The program ends when it is told to; the kernel's guard ends it with its kernel.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from contextlib import suppress
from typing import Any, Callable, List, Optional

from . import wire

_CHUNK = 1 << 16
# A viewer on the same machine accepts or refuses a connection at once.
_CONNECT = 20.0


class Relay:
    """Passes bytes between CASA's connections and one viewer."""

    def __init__(self, viewer: str, say: Callable[[Any], None]) -> None:
        """Listen.

        Args:
            viewer: the viewer's address.
            say: called with what was understood, in several threads, one at a time.
        """
        host, _, port = viewer.rpartition(":")
        self._viewer = (host, int(port))
        self._say: Optional[Callable[[Any], None]] = say
        self._turn = threading.Lock()
        # As the viewer's own port, which it stands for; a kernel mostly has a network of its own.
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def address(self) -> str:
        """The address that CASA connects to, written as the viewers write theirs: gRPC uses no proxy for that one."""
        return f"0.0.0.0:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Accept connections until the viewer refuses one; then they are refused here, too."""
        with self._listener:
            while True:
                client, _ = self._listener.accept()
                try:
                    viewer = socket.create_connection(self._viewer, _CONNECT)
                except OSError:
                    # First, so that a client that was turned away finds nobody when it comes again.
                    self._listener.close()
                    client.close()
                    return
                viewer.settimeout(None)
                threading.Thread(target=self._join, args=(client, viewer), daemon=True).start()

    def _join(self, client: socket.socket, viewer: socket.socket) -> None:
        for end in (client, viewer):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = wire.Connection()
        back = threading.Thread(target=self._pass, args=(viewer, client, connection.answered), daemon=True)
        back.start()
        self._pass(client, viewer, connection.asked)
        back.join()
        client.close()
        viewer.close()

    def _pass(self, source: socket.socket, target: socket.socket, read: Callable[[bytes], List[Any]]) -> None:
        with suppress(OSError):
            while True:
                data = source.recv(_CHUNK)
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    return
                self._note(read, data)
                target.sendall(data)
        # One of them is gone, and the other must learn of it.
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _note(self, read: Callable[[bytes], List[Any]], data: bytes) -> None:
        """Write down what is understood, until something is not; that must never keep the bytes from going on."""
        with self._turn:
            say = self._say
            if say is None:
                return
            try:
                for event in read(data):
                    say(event)
            except Exception as error:  # noqa: BLE001
                self._say = None
                with suppress(Exception):
                    say({"failed": str(error) or type(error).__name__})


def _print(event: Any) -> None:
    print(json.dumps(event), flush=True)


def main() -> None:
    """Make a relay for each viewer, until killed."""
    viewers, addresses = sys.argv[1:]
    # Opened for both directions, so that neither waits for the other side, and the first has no end.
    with open(viewers, "r+b", buffering=0) as lines, open(addresses, "r+b", buffering=0) as answers:
        for line in lines:
            relay = Relay(line.decode().strip(), _print)
            threading.Thread(target=relay.serve, daemon=True).start()
            answers.write(f"{relay.address}\n".encode())


if __name__ == "__main__":
    main()
