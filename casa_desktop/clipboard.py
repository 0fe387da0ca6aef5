"""Messages of the extended clipboard, as Xvnc reads them. Pure: bytes in, bytes out.

Xvnc does not read each of them to the end that its length gives (TigerVNC 1.12 to 1.15, common/rfb/SMsgReader.cxx). It
reads four bytes of a request, a peek and a notification, and of capabilities four more for each format; the rest is
read as the next messages. When packed text ends its zlib stream too early, or wants a dictionary, 1.12 asks zlib for
more without end, and nobody can use the desktop any more. noVNC sends none of this: it flushes its stream and does not
end it.

Source of the layout: https://github.com/rfbproto/rfbproto, "Extended Clipboard Pseudo-Encoding".
"""

from __future__ import annotations

import zlib

from .errors import ProtocolViolation

CAPABILITIES, REQUEST, PEEK, NOTIFY, PROVIDE = (1 << bit for bit in range(24, 29))
_ACTIONS = 0xFF << 24
_FORMATS = 0xFFFF
# Type, padding and length come before the flags.
_HEAD, _FLAGS = 8, 4
# Sixteen formats of the longest that Xvnc takes of one, 256 KiB, and their lengths. It would unpack more for nothing.
LONGEST_CONTENT = 16 * ((1 << 18) + 4)


def is_extended(message: bytes) -> bool:
    """Tell whether a whole ClientCutText is of the extended clipboard: its length is negative then."""
    return message[4] >= 0x80


def announces(message: bytes) -> bool:
    """Tell whether a whole message of the extended clipboard says that its user has copied something."""
    return _flags(message) & _ACTIONS == NOTIFY


def is_taken(message: bytes) -> bool:
    """Tell whether Xvnc would take a whole message of the extended clipboard, or unpack it and drop it as too long.

    Raises:
        ProtocolViolation: Xvnc would read it in another way than its length says, or never be done with it.
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
    """Tell whether packed content has no more than ``LONGEST_CONTENT`` bytes; take no longer than they do."""
    stream = zlib.decompressobj()
    try:
        size = len(stream.decompress(packed, LONGEST_CONTENT + 1))
    except zlib.error as error:
        raise ProtocolViolation(1002, f"a clipboard that cannot be unpacked ({error})") from None
    if stream.eof:
        raise ProtocolViolation(1002, "a clipboard whose zlib stream has an end")
    return size <= LONGEST_CONTENT
