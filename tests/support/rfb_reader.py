"""What a view hears over the proxy's websocket, as a stream."""

from __future__ import annotations

from websockets.sync.client import ClientConnection

# A client's answers to the version and to the security types, and that others may stay: RFC 6143, section 7.1.
GREETING = b"RFB 003.008\n\1\1"


class Reader:
    """Reads what Xvnc sends, whatever words come between it."""

    def __init__(self, view: ClientConnection) -> None:
        self._view, self._rest = view, b""

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        while len(self._rest) < size:
            frame = self._view.recv(20)
            self._rest += frame if isinstance(frame, bytes) else b""
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def greeted(self) -> None:
        """Read the version, the security types, the result, and the screen with its title.

        Source: RFC 6143, sections 7.1 to 7.3.
        """
        head = self.read(12 + 2 + 4 + 24)
        self.read(int.from_bytes(head[-4:], "big"))
