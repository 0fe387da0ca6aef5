"""How many frames are on their way: more on a long link, one where they wait in a queue, and never without a bound."""

from __future__ import annotations

import pytest

from casa_desktop.video.pace import LEAST, MOST, Pace


def _seasoned(trip: float) -> Pace:
    """Return the pace of a view whose frames have taken so many seconds each."""
    pace = Pace()
    for number in range(10):
        pace.sent(number)
        pace.shown(number + trip)
    return pace


def test_two_frames_are_on_their_way_at_first_and_no_more_until_one_is_shown() -> None:
    pace = Pace()
    assert pace.room == LEAST
    for number in range(LEAST):
        pace.sent(number / 1000)
    assert pace.room == 0
    pace.shown(0.005)
    assert pace.room == 1


@pytest.mark.parametrize(("trip", "room"), [(0.005, 2), (0.07, 6), (0.155, 11), (5.0, MOST)])
def test_more_frames_are_on_their_way_on_a_longer_link(trip: float, room: int) -> None:
    assert _seasoned(trip).room == room


def test_fewer_frames_are_on_their_way_while_they_wait_in_a_queue_and_one_in_the_end() -> None:
    pace = _seasoned(0.07)
    rooms = []
    for number in range(20, 26):
        pace.sent(number)
        pace.shown(number + 0.2)
        rooms.append(pace.room)
    assert rooms == [4, 2, 2, 1, 1, 1]


def test_one_late_frame_does_not_make_room_for_one_only() -> None:
    pace = _seasoned(0.07)
    pace.sent(20.0)
    pace.shown(20.2)
    for number in range(21, 24):
        pace.sent(number)
        pace.shown(number + 0.07)
    assert pace.room == 6


def test_frame_that_was_never_sent_makes_no_room() -> None:
    pace = Pace()
    for _ in range(100):
        pace.shown(1.0)
    assert pace.room == LEAST


def test_frames_of_a_stream_that_has_ended_are_waited_for_no_more() -> None:
    pace = Pace()
    for number in range(LEAST):
        pace.sent(number)
    pace.restart()
    assert pace.room == LEAST
