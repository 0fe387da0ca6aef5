"""Parses and filters what a browser sends to Xvnc, message by message. Pure: bytes in, bytes out.

Xvnc has no access control: every client of its socket may do everything. So the messages that a view may not send are
removed from its stream before they reach Xvnc. For that, the stream must be parsed exactly as Xvnc parses it; anything
that Xvnc might parse differently is refused.

Sources: RFC 6143, sections 7.1 and 7.5; for the other messages https://github.com/rfbproto/rfbproto, and TigerVNC
1.12's parser (common/rfb/SMsgReader.cxx).
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Callable, Dict, FrozenSet, List, NamedTuple, Tuple

from ..errors import ProtocolViolation
from . import clipboard
from .clipboard import Ways

# Xvnc ignores text longer than its MaxCutText (default 256 kB), so longer text need not be buffered here.
LONGEST_CLIPBOARD = 1 << 20
_ABSURD = 1 << 28

_EXTENDED_CLIPBOARD = 0xC0A1E5CE
# If client and server both support this pseudo-encoding, a PointerEvent may have a seventh byte (TigerVNC 1.15).
# Parsing that would require the server's messages too, so the encoding is never requested.
_EXTENDED_MOUSE_BUTTONS = 0xFFFFFFFF & -316
_RAW = 0
_VERSIONS = (b"RFB 003.003\n", b"RFB 003.007\n", b"RFB 003.008\n")
_SECURITY_NONE = b"\1"
BOTH_WAYS = Ways()


class Kind(IntEnum):
    """The type of a message: its first byte, or a step of the handshake."""

    VERSION = -3
    SECURITY = -2
    CLIENT_INIT = -1
    SET_PIXEL_FORMAT = 0
    SET_ENCODINGS = 2
    UPDATE_REQUEST = 3
    KEY = 4
    POINTER = 5
    CUT_TEXT = 6
    CONTINUOUS_UPDATES = 150
    FENCE = 248
    XVP = 250
    SET_DESKTOP_SIZE = 251
    QEMU = 255


class Message(NamedTuple):
    """One whole message.

    Attributes:
        kind: the message's type.
        data: all bytes of the message.
    """

    kind: Kind
    data: bytes


# The messages that a view-only client may send: it requests pictures and chooses their format.
LOOKING: FrozenSet[Kind] = frozenset(
    {
        *(Kind.VERSION, Kind.SECURITY, Kind.CLIENT_INIT),
        *(Kind.SET_PIXEL_FORMAT, Kind.SET_ENCODINGS, Kind.UPDATE_REQUEST, Kind.CONTINUOUS_UPDATES, Kind.FENCE),
    }
)


def _encodings(head: bytes) -> int:
    return 4 + 4 * int(struct.unpack_from(">H", head, 2)[0])


def _cut_text(head: bytes) -> int:
    # The extended clipboard's messages have a negative length.
    return 8 + abs(int(struct.unpack_from(">i", head, 4)[0]))


def _fence(head: bytes) -> int:
    if head[8] > 64:
        raise ProtocolViolation(1002, f"a fence of {head[8]} bytes")
    return 9 + head[8]


def _qemu(head: bytes) -> int:
    if head[1]:
        raise ProtocolViolation(1002, f"QEMU's message {head[1]}")
    return 12


# For each type: how many leading bytes determine the message's length, and the function that computes it from them.
_LENGTHS: Dict[Kind, Tuple[int, Callable[[bytes], int]]] = {
    Kind.SET_PIXEL_FORMAT: (1, lambda _: 20),
    Kind.SET_ENCODINGS: (4, _encodings),
    Kind.UPDATE_REQUEST: (1, lambda _: 10),
    Kind.KEY: (1, lambda _: 8),
    Kind.POINTER: (1, lambda _: 6),
    Kind.CUT_TEXT: (8, _cut_text),
    Kind.CONTINUOUS_UPDATES: (1, lambda _: 10),
    Kind.FENCE: (9, _fence),
    Kind.XVP: (1, lambda _: 4),
    Kind.SET_DESKTOP_SIZE: (8, lambda head: 8 + 16 * head[6]),
    Kind.QEMU: (2, _qemu),
}


class ClientStream:
    """Splits a client's bytes into messages. Buffers at most one message."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._skip = 0
        self._next = Kind.VERSION

    def feed(self, data: bytes) -> List[Message]:
        """Return the messages that ``data`` completes.

        Clipboard messages longer than ``LONGEST_CLIPBOARD`` are dropped. The content of shorter ones is not checked
        here; ``clipboard.is_taken`` does that.

        Raises:
            ProtocolViolation: the bytes are not RFB, or Xvnc might parse them differently.
        """
        messages: List[Message] = []
        self._rest += data
        while self._rest:
            if self._skip:
                skipped = min(self._skip, len(self._rest))
                self._skip -= skipped
                del self._rest[:skipped]
                continue
            kind, length = self._measure()
            if kind is Kind.CUT_TEXT and length > LONGEST_CLIPBOARD:
                self._skip = length
            elif length and len(self._rest) >= length:
                messages.append(self._take(kind, length))
            else:
                break
        return messages

    def _measure(self) -> Tuple[Kind, int]:
        """Return the type and length of the next message; length 0 while it is unknown."""
        if self._next < 0:
            return self._next, 12 if self._next is Kind.VERSION else 1
        try:
            kind = Kind(self._rest[0])
        except ValueError:
            raise ProtocolViolation(1002, f"a message of the unknown type {self._rest[0]}") from None
        needed, measure = _LENGTHS[kind]
        if len(self._rest) < needed:
            return kind, 0
        length = measure(bytes(self._rest[:needed]))
        if length > _ABSURD:
            raise ProtocolViolation(1002, f"a message of {length} bytes")
        return kind, length

    def _take(self, kind: Kind, length: int) -> Message:
        message = Message(kind, bytes(self._rest[:length]))
        del self._rest[:length]
        if kind < 0:
            self._next = _after_handshake(message)
        return message


def _after_handshake(message: Message) -> Kind:
    """Check one step of the handshake and return the type of the next message."""
    if message.kind is Kind.VERSION:
        if message.data not in _VERSIONS:
            raise ProtocolViolation(1002, f"RFB's version {message.data!r}")
        # In version 3.3 the server chooses the security type.
        return Kind.CLIENT_INIT if message.data == _VERSIONS[0] else Kind.SECURITY
    if message.kind is Kind.SECURITY:
        if message.data != _SECURITY_NONE:
            raise ProtocolViolation(1002, f"RFB's security type {message.data[0]}")
        return Kind.CLIENT_INIT
    return Kind.SET_PIXEL_FORMAT


class Passed(NamedTuple):
    """The part of some bytes that is forwarded to Xvnc.

    Attributes:
        data: the bytes to forward.
        by_the_user: whether some of them come from the user's keyboard, pointer or clipboard, not from the page itself.
        refused: the number of messages that are not forwarded.
    """

    data: bytes
    by_the_user: bool
    refused: int


class Filter:
    """Forwards the messages that a view may send, and drops the others.

    A view-only client, and one whose clipboard is closed that way, must not receive what is copied on the desktop. So
    it announces to Xvnc that it wants a notification when there is something to paste, but no content; the messages by
    which the client itself would ask are dropped. Without the extended clipboard, Xvnc would send every copied text
    unasked (seen in 1.12; the extension exists since 1.10).

    Args:
        view_only: whether the view may only look.
        ways: which ways it may carry texts of the clipboard; none if it may only look.
    """

    def __init__(self, *, view_only: bool, ways: Ways = BOTH_WAYS) -> None:
        self.view_only = view_only
        self._clipboard = Ways(into=False, out=False) if view_only else ways
        # Whether the view may change the desktop's size at present.
        self.may_resize = not view_only
        self._stream = ClientStream()

    def feed(self, data: bytes) -> Passed:
        """Return the part of ``data`` to forward.

        Raises:
            ProtocolViolation: as in ``ClientStream.feed`` and ``clipboard.is_taken``.
        """
        sent = self._stream.feed(data)
        messages = [each for each in sent if self._may_pass(each) and _is_taken(each)]
        by_the_user = not self.view_only and any(map(_is_input, messages))
        return Passed(b"".join(map(self._rewritten, messages)), by_the_user, len(sent) - len(messages))

    def _may_pass(self, message: Message) -> bool:
        if self.view_only:
            return message.kind in LOOKING
        if message.kind is Kind.CUT_TEXT:
            return self._clipboard.lets_pass(message.data)
        return self.may_resize or message.kind is not Kind.SET_DESKTOP_SIZE

    def _rewritten(self, message: Message) -> bytes:
        if message.kind is Kind.SET_ENCODINGS:
            return self._set_encodings(message.data)
        if message.kind is Kind.CLIENT_INIT:
            # Always request a shared session for guests: an exclusive one would disconnect the other views.
            begin = b"\1" if self.view_only else message.data
            return begin if self._clipboard.out else begin + self._private([_RAW])
        return message.data

    def _set_encodings(self, data: bytes) -> bytes:
        asked = struct.unpack_from(f">{(len(data) - 4) // 4}I", data, 4)
        wanted = [each for each in asked if each != _EXTENDED_MOUSE_BUTTONS]
        return _packed(wanted) if self._clipboard.out else self._private(wanted)

    def _private(self, encodings: List[int]) -> bytes:
        """Return the messages that ask for these encodings, and for no text of the desktop's clipboard."""
        return self._clipboard.only_these + _packed([*encodings, _EXTENDED_CLIPBOARD])


def _is_input(message: Message) -> bool:
    if message.kind is not Kind.CUT_TEXT:
        return message.kind in (Kind.KEY, Kind.POINTER, Kind.QEMU)
    # The page answers Xvnc's clipboard requests by itself; only an announcement means that the user has copied text.
    return not clipboard.is_extended(message.data) or clipboard.announces(message.data)


def _is_taken(message: Message) -> bool:
    # A view-only client has no clipboard; don't spend time on unpacking its messages.
    extended = message.kind is Kind.CUT_TEXT and clipboard.is_extended(message.data)
    return not extended or clipboard.is_taken(message.data)


def _packed(encodings: List[int]) -> bytes:
    # Adding one encoding to 65,535 would overflow the 16-bit count.
    last = encodings[-0xFFFF:]
    return struct.pack(f">BxH{len(last)}I", Kind.SET_ENCODINGS, len(last), *last)
