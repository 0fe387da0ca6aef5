"""Parses messages of the extended clipboard as Xvnc does. Pure: bytes in, bytes out.

Xvnc does not always read a message to the end that its length gives (TigerVNC 1.12 to 1.15, common/rfb/SMsgReader.cxx).
It reads four bytes of a request, a peek and a notification; of capabilities it reads four more bytes for each format.
It reads the rest as the next messages. If the zlib stream of packed text ends too early or requires a dictionary,
TigerVNC 1.12 calls zlib in an endless loop, and the desktop becomes unusable. noVNC sends none of this: it flushes its
zlib stream and does not end it.

Source of the layout: https://github.com/rfbproto/rfbproto, "Extended Clipboard Pseudo-Encoding".
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

from ..errors import ProtocolViolation

CAPABILITIES, REQUEST, PEEK, NOTIFY, PROVIDE = (1 << bit for bit in range(24, 29))
_ACTIONS = 0xFF << 24
_FORMATS = 0xFFFF
# Type, padding and length precede the flags.
_HEAD, _FLAGS = 8, 4
# Sixteen formats of Xvnc's maximum, 256 KiB each, and their lengths. Xvnc would unpack more, but then drop it.
LONGEST_CONTENT = 16 * ((1 << 18) + 4)
_TEXT = 1


class Ways(NamedTuple):
    """Which ways a view may carry texts.

    Attributes:
        into: from the browser to the desktop.
        out: from the desktop to the browser.
    """

    into: bool = True
    out: bool = True

    def lets_pass(self, message: bytes) -> bool:
        """Return whether a complete ClientCutText may be forwarded to Xvnc."""
        if not is_extended(message):
            return self.into
        # Capabilities of the client's own would take back ``only_these``.
        asks = _flags(message) & (CAPABILITIES | REQUEST | PEEK)
        return self.out if asks else self.into

    @property
    def only_these(self) -> bytes:
        """The ClientCutText by which Xvnc sends no text where ``out`` is closed, and asks for one if ``into`` is open.

        Of the capabilities, Xvnc then has the notification, so that it says that there is a text and not which.
        """
        into = REQUEST | _TEXT if self.into else 0
        sizes = bytes(4) if self.into else b""
        flags = (CAPABILITIES | NOTIFY | into).to_bytes(4, "big")
        return b"\6\0\0\0" + (-4 - len(sizes)).to_bytes(4, "big", signed=True) + flags + sizes


def is_extended(message: bytes) -> bool:
    """Return whether a complete ClientCutText belongs to the extended clipboard; then its length field is negative."""
    return message[4] >= 0x80


def announces(message: bytes) -> bool:
    """Return whether a complete extended clipboard message announces that the user has copied something."""
    return _flags(message) & _ACTIONS == NOTIFY


def is_taken(message: bytes) -> bool:
    """Return whether Xvnc would take a complete extended clipboard message; False if it would drop it as too long.

    Raises:
        ProtocolViolation: Xvnc would parse the message differently than its length field says, or never finish.
    """
    flags = _flags(message)
    action = flags & _ACTIONS
    if action == PROVIDE:
        return _is_short(message[_HEAD + _FLAGS :])
    if action & CAPABILITIES:
        expected = _FLAGS + 4 * bin(flags & _FORMATS).count("1")
    elif action in (REQUEST, PEEK, NOTIFY):
        expected = _FLAGS
    else:
        raise ProtocolViolation(1002, f"the clipboard's action {action >> 24}")
    if len(message) != _HEAD + expected:
        raise ProtocolViolation(1002, f"{len(message) - _HEAD} bytes about the clipboard instead of {expected}")
    return True


def _flags(message: bytes) -> int:
    if len(message) < _HEAD + _FLAGS:
        raise ProtocolViolation(1002, f"{len(message) - _HEAD} bytes about the clipboard")
    return int.from_bytes(message[_HEAD : _HEAD + _FLAGS], "big")


def _is_short(packed: bytes) -> bool:
    """Return whether packed content has at most ``LONGEST_CONTENT`` bytes; unpacks no more than that."""
    stream = zlib.decompressobj()
    try:
        size = len(stream.decompress(packed, LONGEST_CONTENT + 1))
    except zlib.error as error:
        raise ProtocolViolation(1002, f"a clipboard that cannot be unpacked ({error})") from None
    if stream.eof:
        raise ProtocolViolation(1002, "a clipboard whose zlib stream has an end")
    return size <= LONGEST_CONTENT
