"""Read and write what CASA and casaviewer say to each other about masks, without gRPC and protobuf.

The messages are those of casaviewer 2.4 (``img.proto``); protobuf's rule is that a field keeps its number. What is read
here passes by unchanged, so that nothing can be lost by reading it wrongly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

# HTTP/2 (RFC 9113): what a client sends first, a frame's header, its types, and the flag of a padded one.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADER = 9
_DATA, _PADDED = 0, 0x8
# gRPC: a byte that says whether a message is compressed, and its length in four.
_PREFIX = 5
# No message of the viewer is nearly so long.
_LONGEST = 1 << 20

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_KINDS = ("raster", "contour", "vector", "marker")

Field = Union[int, bytes]


class NotUnderstood(ValueError):
    """What passed by is not what is expected."""


@dataclass(frozen=True)
class Options:
    """A question of CASA, or the controls in its answer; the names are CASA's."""

    niter: int = 0
    cycleniter: int = 0
    threshold: str = ""
    cyclethreshold: str = ""


def fields(message: bytes) -> Dict[int, Field]:
    """Return the fields of a protobuf message by number; of a repeated one the last.

    Raises:
        NotUnderstood: it is none.
    """
    found: Dict[int, Field] = {}
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        kind, value = tag & 7, b""
        if kind == _VARINT:
            found[tag >> 3], place = _varint(message, place)
            continue
        length = {_FIXED64: 8, _FIXED32: 4}.get(kind)
        if length is None:
            if kind != _BYTES:
                raise NotUnderstood(f"a field has the type {kind}")
            length, place = _varint(message, place)
        value, place = message[place : place + length], place + length
        if len(value) != length:
            raise NotUnderstood("a message is cut short")
        found[tag >> 3] = value
    return found


def _varint(message: bytes, place: int) -> Tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(message) or shift > 63:
            raise NotUnderstood("a number is cut short")
        value |= (message[place] & 0x7F) << shift
        shift += 7
        place += 1
        if message[place - 1] < 0x80:
            return value, place


def message(*values: Union[int, str, bytes]) -> bytes:
    """Return a protobuf message whose fields 1, 2, … are the values: int32, text, or messages."""
    return b"".join(_written(number, value) for number, value in enumerate(values, 1))


def _written(number: int, value: Union[int, str, bytes]) -> bytes:
    if isinstance(value, int):
        return _number(number << 3 | _VARINT) + _number(value & 0xFFFFFFFFFFFFFFFF)
    data = value.encode() if isinstance(value, str) else value
    return _number(number << 3 | _BYTES) + _number(len(data)) + data


def _number(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def options(message: bytes) -> Options:
    """Return the controls in a message ``InteractiveMaskOptions``."""
    found = fields(message)
    return Options(_int32(found, 2), _int32(found, 3), _text(found, 4), _text(found, 5))


def panel_of(request: bytes) -> bytes:
    """Return the message in the first field of a request, which names a panel."""
    panel = fields(request).get(1, b"")
    return panel if isinstance(panel, bytes) else b""


def loaded(request: bytes) -> Tuple[str, str]:
    """Return the path and the kind in a message ``NewData``."""
    found = fields(request)
    return _text(found, 2), _text(found, 3)


def result(action: str, panel: bytes, state: Options) -> bytes:
    """Return a message ``InteractiveMaskResult``."""
    told = message(panel, state.niter, state.cycleniter, state.threshold, state.cyclethreshold)
    return message(action, told)


def _int32(found: Dict[int, Field], number: int) -> int:
    value = found.get(number, 0)
    if not isinstance(value, int):
        raise NotUnderstood(f"field {number} is no number")
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def _text(found: Dict[int, Field], number: int) -> str:
    value = found.get(number, b"")
    if not isinstance(value, bytes):
        raise NotUnderstood(f"field {number} is no text")
    return value.decode("utf-8", "surrogateescape")


class Stream:
    """Finds the gRPC messages in one direction of an HTTP/2 connection.

    Args:
        from_client: this direction begins with the client's preface.
    """

    def __init__(self, from_client: bool) -> None:
        self._pending, self._preface = b"", _PREFACE if from_client else b""
        self._messages: Dict[int, bytes] = {}

    def feed(self, data: bytes) -> Iterator[Tuple[int, bytes]]:
        """Yield the number of the stream and the text of each message that ends within ``data``.

        Raises:
            NotUnderstood: this is no HTTP/2, or the messages are compressed.
        """
        self._pending += data
        if self._preface:
            if len(self._pending) < len(self._preface):
                return
            if not self._pending.startswith(self._preface):
                raise NotUnderstood("the connection does not begin as HTTP/2 does")
            self._pending, self._preface = self._pending[len(self._preface) :], b""
        while len(self._pending) >= _HEADER:
            length = int.from_bytes(self._pending[:3], "big")
            if length > _LONGEST:
                raise NotUnderstood("a frame is too long")
            if len(self._pending) < _HEADER + length:
                return
            kind, flags = self._pending[3], self._pending[4]
            number = int.from_bytes(self._pending[5:9], "big") & 0x7FFFFFFF
            content, self._pending = self._pending[_HEADER : _HEADER + length], self._pending[_HEADER + length :]
            if kind == _DATA:
                yield from self._taken(number, _unpadded(content) if flags & _PADDED else content)

    def _taken(self, number: int, content: bytes) -> Iterator[Tuple[int, bytes]]:
        pending = self._messages.pop(number, b"") + content
        while len(pending) >= _PREFIX:
            length = int.from_bytes(pending[1:_PREFIX], "big")
            if pending[0] or length > _LONGEST:
                raise NotUnderstood("a message is compressed, or too long")
            if len(pending) < _PREFIX + length:
                break
            yield number, pending[_PREFIX : _PREFIX + length]
            pending = pending[_PREFIX + length :]
        if pending:
            self._messages[number] = pending


def _unpadded(content: bytes) -> bytes:
    if not content or content[0] >= len(content):
        raise NotUnderstood("a frame has more padding than content")
    return content[1 : len(content) - content[0]]


class Connection:
    """Finds what one connection between CASA and the viewer says about masks."""

    def __init__(self) -> None:
        self._asked, self._answered = Stream(from_client=True), Stream(from_client=False)
        self._requests: Dict[int, bytes] = {}

    def asked(self, data: bytes) -> List[Dict[str, Any]]:
        """Take what CASA has sent, which alone says nothing; NotUnderstood as ``Stream.feed``."""
        self._requests.update(self._asked.feed(data))
        return []

    def answered(self, data: bytes) -> List[Dict[str, Any]]:
        """Take what the viewer has sent; return what that says of images that were loaded, and of masks.

        Raises:
            NotUnderstood: as ``Stream.feed``; or it is none of the viewer's messages.
        """
        found = []
        for number, response in self._answered.feed(data):
            event = _event(self._requests.pop(number, b""), response)
            if event is not None:
                found.append(event)
        return found


def _event(request: bytes, response: bytes) -> Optional[Dict[str, Any]]:
    # The names of the methods are in compressed headers. The two that matter have unmistakable requests.
    found = fields(request)
    if _are_texts(found, 4, 5) and not _are_texts(found, 2) and not _are_texts(found, 3):
        answer = fields(response)
        state = answer.get(2, b"")
        if not isinstance(state, bytes):
            raise NotUnderstood("an answer has no controls")
        controls = vars(options(state))
        return {"question": vars(options(request)), "action": _text(answer, 1), "answer": controls}
    if _are_texts(found, 2, 3) and not _are_texts(found, 4):
        path, kind = loaded(request)
        if kind in _KINDS:
            return {"load": path, "kind": kind}
    return None


def _are_texts(found: Dict[int, Field], *numbers: int) -> bool:
    return all(isinstance(found.get(number), bytes) for number in numbers)
