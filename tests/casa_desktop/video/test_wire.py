"""How what the encoder writes is cut into messages, however it arrives."""

from __future__ import annotations

import pytest

from casa_desktop.video.area import Area
from casa_desktop.video.wire import DELTA, KEY, REST, Head, Messages

AREA = Area(64, 128, 640, 480)
SENT = [(Head(KEY, 1, AREA, 5), b"first"), (Head(REST, 1, AREA, 0), b""), (Head(DELTA, 2, AREA, 300), 300 * b"x")]


@pytest.mark.parametrize("piece", [1, 7, 20, 1000])
def test_messages_are_complete_in_whatever_pieces_they_come(piece: int) -> None:
    messages, data = Messages(), b"".join(head.packed() + frame for head, frame in SENT)
    pieces = [data[start : start + piece] for start in range(0, len(data), piece)]
    assert [message for each in pieces for message in messages.feed(each)] == SENT
