from __future__ import annotations

import threading
from typing import Any

import pytest

from casa_desktop.errors import ProtocolViolation
from casa_desktop.views.viewers import Audience, View, Words


class Listener:
    """A connection that writes down what it is told."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.ended: tuple[int, str] | None = None
        self.ratios: list[float] = []

    def tell(self, words: Words) -> None:
        self.heard.append(dict(words))

    def end(self, code: int, reason: str) -> None:
        self.ended = (code, reason)

    def rescale(self, ratio: float) -> None:
        self.ratios.append(ratio)

    @property
    def last(self) -> dict[str, Any]:
        return self.heard[-1]


def join(audience: Audience, share: str = "", desktop: str = "main") -> tuple[View, Listener]:
    listener = Listener()
    return audience.join(desktop, listener, share=share), listener


def test_the_first_view_is_told_that_it_controls_the_size() -> None:
    _, listener = join(Audience())
    assert listener.heard == [{"type": "audience", "views": 1, "controls": True, "viewOnly": False, "scale": 1}]


def test_a_second_view_is_told_that_it_does_not_and_the_first_that_it_came() -> None:
    audience = Audience()
    first, of_first = join(audience)
    second, of_second = join(audience)
    assert of_second.heard == [{"type": "audience", "views": 2, "controls": False, "viewOnly": False, "scale": 1}]
    assert [each["views"] for each in of_first.heard] == [1, 2]
    assert (first.controls, second.controls) == (True, False)


def test_each_desktop_has_its_own_audience() -> None:
    audience = Audience()
    first, of_first = join(audience)
    other, _ = join(audience, desktop="m31")
    assert first.controls
    assert other.controls
    assert len(of_first.heard) == 1
    assert (audience.count("main"), audience.count("m31"), audience.count("none")) == (1, 1, 0)


def test_control_passes_to_the_longest_visible_view_when_its_holder_goes() -> None:
    audience = Audience()
    first, _ = join(audience)
    hidden, _ = join(audience)
    third, of_third = join(audience)
    fourth, _ = join(audience)
    hidden.receive('{"type": "visible", "visible": false}')
    first.leave()
    first.leave()
    assert [each.controls for each in (hidden, third, fourth)] == [False, True, False]
    assert of_third.last["controls"]
    assert of_third.last["views"] == 3


def test_a_hidden_view_keeps_control_until_somebody_can_be_seen() -> None:
    audience = Audience()
    first, of_first = join(audience)
    first.receive('{"type": "visible", "visible": false}')
    assert first.controls
    second, _ = join(audience)
    assert second.controls
    assert not of_first.last["controls"]
    first.receive('{"type": "visible", "visible": true}')
    assert second.controls
    second.receive('{"type": "visible", "visible": false}')
    assert first.controls


def test_nobody_controls_when_only_hidden_others_are_left() -> None:
    audience = Audience()
    first, _ = join(audience)
    second, _ = join(audience)
    second.receive('{"type": "visible", "visible": false}')
    first.leave()
    assert audience.controller("main") is None
    second.receive('{"type": "visible", "visible": true}')
    assert second.controls


def test_a_user_takes_control_with_a_button() -> None:
    audience = Audience()
    first, of_first = join(audience)
    second, of_second = join(audience)
    second.receive('{"type": "control"}')
    assert second.controls
    assert not first.controls
    assert (of_first.last["controls"], of_second.last["controls"]) == (False, True)


def test_who_can_only_look_never_controls_anything() -> None:
    audience = Audience()
    guest, of_guest = join(audience, share="1")
    for text in ('{"type": "control"}', '{"type": "visible", "visible": true}', '{"type": "scale", "ratio": 2}'):
        guest.receive(text)
    assert not guest.controls
    assert of_guest.heard == [{"type": "audience", "views": 1, "controls": False, "viewOnly": True, "scale": 1}]
    assert of_guest.ratios == []
    owner, _ = join(audience)
    assert owner.controls
    owner.leave()
    assert not guest.controls


def test_a_ping_is_answered_to_its_sender_alone() -> None:
    audience = Audience()
    view, listener = join(audience)
    _, other = join(audience)
    view.receive('{"type": "ping", "id": 17}')
    assert listener.last == {"type": "pong", "id": 17}
    assert len(other.heard) == 1


def test_links_go_to_the_user_s_own_views() -> None:
    audience = Audience()
    _, own = join(audience)
    _, another = join(audience)
    _, guest = join(audience, share="1")
    assert audience.link("main", "https://casa.nrao.edu") == 2
    assert own.last == another.last == {"type": "link", "url": "https://casa.nrao.edu"}
    assert guest.last["type"] == "audience"
    assert audience.link("m31", "https://casa.nrao.edu") == 0


def test_the_scale_is_its_controller_s_and_told_to_all() -> None:
    audience = Audience()
    first, of_first = join(audience)
    second, of_second = join(audience)
    # Somebody may have left the desktop in another scale: the first word counts, even if it is 1.
    first.receive('{"type": "scale", "ratio": 1}')
    first.receive('{"type": "scale", "ratio": 1.5}')
    first.receive('{"type": "scale", "ratio": 1.5}')
    second.receive('{"type": "scale", "ratio": 3}')
    assert (of_first.ratios, of_second.ratios) == ([1, 1.5], [])
    assert of_second.last["scale"] == 1.5


def test_the_connections_of_a_link_are_ended_and_no_others() -> None:
    audience = Audience()
    listeners = [join(audience, share)[1] for share in ("", "1", "2", "1")]
    assert audience.count("main", "1") == 2
    audience.end_share("main", "1", 4403, "withdrawn")
    assert [each.ended for each in listeners] == [None, (4403, "withdrawn"), None, (4403, "withdrawn")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *((each, 1007) for each in ("", "{", "ping", "\x00", "[" * 900)),
        *(
            (each, 1008)
            for each in ("[]", "7", "null", "{}", '{"type": 7}', '{"type": "x", "y": "' + "z" * 1000 + '"}')
        ),
        *((f'{{"type": "ping", "id": {each}}}', 1008) for each in ("1.5", '"1"', "null", "true", "1e400", 1 << 53)),
        *((f'{{"type": "visible", "visible": {each}}}', 1008) for each in ("1", "null", '"yes"')),
        *((f'{{"type": "scale", "ratio": {each}}}', 1008) for each in ("0.5", "5", "NaN", "true", '"2"', "[2]")),
        ('{"type": "ping"}', 1008),
    ],
)
def test_a_malformed_frame_closes_the_connection(text: str, code: int) -> None:
    view, _ = join(Audience())
    with pytest.raises(ProtocolViolation) as refused:
        view.receive(text)
    assert refused.value.code == code


def test_words_of_a_later_version_are_ignored() -> None:
    view, listener = join(Audience())
    view.receive('{"type": "dance"}')
    assert len(listener.heard) == 1


def test_who_has_left_is_not_heard_any_more() -> None:
    view, listener = join(Audience())
    view.leave()
    view.receive('{"type": "ping", "id": 1}')
    assert len(listener.heard) == 1


def test_views_may_come_and_go_in_many_threads() -> None:
    audience = Audience()
    resident, listener = join(audience)

    def visit() -> None:
        for _ in range(50):
            view, _ = join(audience)
            view.receive('{"type": "control"}')
            view.leave()

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert resident.controls
    assert audience.count("main") == 1
    assert listener.last == {"type": "audience", "views": 1, "controls": True, "viewOnly": False, "scale": 1}
