from __future__ import annotations

import random
import struct
import zlib
from contextlib import suppress

import pytest

from casa_desktop.errors import ProtocolViolation
from casa_desktop.views.rfb_filter import LONGEST_CLIPBOARD, ClientStream, Filter, Kind, Message

GREETING = b"RFB 003.008\n\1\1"
KEY = struct.pack(">BBxxI", 4, 1, 0x61)
POINTER = struct.pack(">BBHH", 5, 1, 10, 20)
PIXEL_FORMAT = b"\0" + bytes(19)
REQUEST = struct.pack(">BBHHHH", 3, 1, 0, 0, 800, 600)
CONTINUOUS = struct.pack(">BBHHHH", 150, 1, 0, 0, 800, 600)
FENCE = struct.pack(">B3xIB", 248, 1, 3) + b"abc"
XVP = b"\xfa\0\1\2"
SIZE = struct.pack(">BxHHBx", 251, 800, 600, 2) + bytes(32)
QEMU = struct.pack(">BBHII", 255, 0, 1, 0x61, 30)
TEXT = struct.pack(">B3xI", 6, 5) + b"hello"
NOTIFY = struct.pack(">B3xiI", 6, -4, 1 << 27 | 1)
_PACKING = zlib.compressobj()
PROVIDE_TEXT = _PACKING.compress(b"\0\0\0\6hello\0") + _PACKING.flush(zlib.Z_FULL_FLUSH)
PROVIDE = struct.pack(">B3xiI", 6, -4 - len(PROVIDE_TEXT), 1 << 28 | 1) + PROVIDE_TEXT
MESSAGES = [
    *(PIXEL_FORMAT, REQUEST, KEY, POINTER, CONTINUOUS, FENCE, XVP, SIZE, QEMU, TEXT, NOTIFY, PROVIDE),
]  # fmt: skip


def encodings(*numbers: int) -> bytes:
    return struct.pack(f">BxH{len(numbers)}i", 2, len(numbers), *numbers)


RAW, TIGHT, MOUSE_BUTTONS, CLIPBOARD = 0, 7, -316, 0xC0A1E5CE - (1 << 32)
EVERYTHING = GREETING + b"".join(MESSAGES) + encodings(RAW, TIGHT, CLIPBOARD)


def kinds(messages: list[Message]) -> list[Kind]:
    return [each.kind for each in messages]


def test_every_message_of_a_view_is_told_by_its_kind_with_all_its_bytes() -> None:
    messages = ClientStream().feed(EVERYTHING)
    assert kinds(messages[:3]) == [Kind.VERSION, Kind.SECURITY, Kind.CLIENT_INIT]
    assert [each.data for each in messages[3:-1]] == MESSAGES
    assert [int(each.kind) for each in messages[3:-1]] == [each[0] for each in MESSAGES]
    assert messages[-1].kind is Kind.SET_ENCODINGS


@pytest.mark.parametrize("cut", range(len(EVERYTHING) + 1))
def test_it_does_not_matter_where_the_stream_is_cut(cut: int) -> None:
    stream = ClientStream()
    assert stream.feed(EVERYTHING[:cut]) + stream.feed(EVERYTHING[cut:]) == ClientStream().feed(EVERYTHING)


def test_it_may_come_byte_by_byte() -> None:
    stream = ClientStream()
    messages = [each for byte in EVERYTHING for each in stream.feed(bytes([byte]))]
    assert messages == ClientStream().feed(EVERYTHING)


@pytest.mark.parametrize(
    ("greeting", "handshake"),
    [
        (b"RFB 003.003\n\0", [Kind.VERSION, Kind.CLIENT_INIT]),
        (b"RFB 003.007\n\1\0", [Kind.VERSION, Kind.SECURITY, Kind.CLIENT_INIT]),
        (b"RFB 003.008\n\1\0", [Kind.VERSION, Kind.SECURITY, Kind.CLIENT_INIT]),
    ],
)
def test_each_version_of_the_handshake_is_known(greeting: bytes, handshake: list[Kind]) -> None:
    assert kinds(ClientStream().feed(greeting + KEY)) == [*handshake, Kind.KEY]


@pytest.mark.parametrize(
    "sent",
    [
        b"RFB 003.889\n\1\1",
        b"GET / HTTP/1.1\r\n",
        b"RFB 003.008\n\2\1",
        GREETING + b"\1",
        GREETING + b"\xff\1\0\0",
        GREETING + struct.pack(">B3xIB", 248, 0, 65),
        GREETING + struct.pack(">B3xi", 6, -(1 << 31)),
        GREETING + struct.pack(">B3xI", 6, (1 << 31) - 1),
    ],
)
def test_what_xvnc_might_read_in_another_way_is_refused(sent: bytes) -> None:
    with pytest.raises(ProtocolViolation) as refused:
        ClientStream().feed(sent)
    assert refused.value.code == 1002


@pytest.mark.parametrize("sign", [1, -1])
def test_a_clipboard_longer_than_xvnc_takes_is_left_out_and_not_kept(sign: int) -> None:
    stream = ClientStream()
    length = LONGEST_CLIPBOARD * 3
    stream.feed(GREETING + struct.pack(">B3xi", 6, sign * length))
    for _ in range(3):
        assert stream.feed(bytes(LONGEST_CLIPBOARD)) == []
        assert len(stream._rest) == 0
    assert kinds(stream.feed(KEY)) == [Kind.KEY]


@pytest.mark.parametrize("seed", range(300))
def test_garbage_is_read_or_refused_and_never_worse(seed: int) -> None:
    chance = random.Random(seed)
    stream = Filter(view_only=chance.random() < 0.5)
    heap = GREETING if chance.random() < 0.9 else b""
    for _ in range(chance.randrange(60)):
        message = chance.choice([*MESSAGES, encodings(RAW, TIGHT), chance.randbytes(chance.randrange(40))])
        if chance.random() < 0.1:
            spot = chance.randrange(len(message) or 1)
            message = message[:spot] + chance.randbytes(1) + message[spot + 1 :]
        heap += message
    with suppress(ProtocolViolation):
        while heap:
            cut = chance.randrange(1, 30)
            stream.feed(heap[:cut])
            heap = heap[cut:]


def test_a_view_that_can_only_look_sends_nothing_that_has_an_effect() -> None:
    sent = Filter(view_only=True).feed(EVERYTHING)
    assert not sent.by_the_user
    messages = ClientStream().feed(sent.data)
    allowed = [PIXEL_FORMAT, REQUEST, CONTINUOUS, FENCE]
    assert [each.data for each in messages if each.kind not in (Kind.SET_ENCODINGS, Kind.CUT_TEXT)][3:] == allowed
    # Nothing of the browser's own clipboard; only our own word that no content is wanted.
    assert {each.data for each in messages if each.kind is Kind.CUT_TEXT} == {
        struct.pack(">B3xiI", 6, -4, 1 << 24 | 1 << 27)
    }


@pytest.mark.parametrize("asked", [(), (RAW, TIGHT), (RAW, CLIPBOARD), (CLIPBOARD,) * 0xFFFF])
def test_a_view_that_can_only_look_never_gets_rid_of_the_extended_clipboard(asked: tuple[int, ...]) -> None:
    stream = Filter(view_only=True)
    first = ClientStream().feed(stream.feed(GREETING).data)
    later = ClientStream().feed(GREETING + stream.feed(encodings(*asked)).data)
    for messages in (first[3:], later[3:]):
        assert kinds(messages) == [Kind.CUT_TEXT, Kind.SET_ENCODINGS]
        numbers = struct.unpack(f">{len(messages[1].data) // 4 - 1}i", messages[1].data[4:])
        assert CLIPBOARD in numbers


def test_a_view_that_can_only_look_cannot_put_the_others_out() -> None:
    messages = ClientStream().feed(Filter(view_only=True).feed(b"RFB 003.008\n\1\0").data)
    assert messages[2] == Message(Kind.CLIENT_INIT, b"\1")


def test_a_view_that_does_not_control_the_size_sends_everything_else() -> None:
    stream = Filter(view_only=False)
    stream.feed(GREETING)
    assert stream.feed(SIZE + KEY).data == SIZE + KEY
    stream.may_resize = False
    assert stream.feed(SIZE + KEY).data == KEY
    stream.may_resize = True
    assert stream.feed(SIZE[:5]).data + stream.feed(SIZE[5:]).data == SIZE


def test_seven_byte_pointer_events_are_never_agreed_upon() -> None:
    stream = Filter(view_only=False)
    stream.feed(GREETING)
    assert stream.feed(encodings(RAW, MOUSE_BUTTONS, CLIPBOARD)).data == encodings(RAW, CLIPBOARD)


@pytest.mark.parametrize(
    ("message", "by_the_user"),
    [
        *((each, True) for each in (KEY, POINTER, QEMU, TEXT, NOTIFY)),
        *((each, False) for each in (PROVIDE, FENCE, REQUEST, SIZE, CONTINUOUS, PIXEL_FORMAT)),
    ],
)
def test_what_a_page_sends_by_itself_is_not_taken_for_the_user(message: bytes, by_the_user: bool) -> None:
    stream = Filter(view_only=False)
    assert not stream.feed(GREETING).by_the_user
    assert stream.feed(message)[:2] == (message, by_the_user)
