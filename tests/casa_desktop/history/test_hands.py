"""Handwork beside images: records as the handwork's own writer makes them."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from casa_desktop.handwork import record
from casa_desktop.handwork.models import Image, Record
from casa_desktop.history import doubts, hands
from casa_desktop.history.models import Call

MADE = 1_795_953_519.0


def hand(folder: Path, made: float, image: str = "first", task: str = "tclean", replayed: str = "") -> Path:
    """Write a record of handwork without steps; return its folder."""
    when = datetime.fromtimestamp(made, timezone.utc).isoformat()
    images = {image: Image((8, 8, 1, 1), ("Right Ascension", "Declination", "Stokes", "Frequency"))}
    written = record.make(folder / image)
    call = Record(task, {"imagename": image}, when, str(folder), {}, images, {}, replayed=replayed)
    record.Writer(written, call).finish("stop", ["It was stopped."] if replayed else [])
    return written


def cleaning(ended: float, interactive: object = True) -> Call:
    return Call("tclean", {"imagename": "first", "interactive": interactive}, ended)


def test_handwork_is_found_beside_each_image_of_its_cleaning(tmp_path: Path) -> None:
    first, second, other = hand(tmp_path, MADE), hand(tmp_path, MADE + 100), hand(tmp_path, MADE, "other")
    assert [os.path.basename(each) for each in (first, second)] == ["first.hand", "first.2.hand"]
    for image in ("first.image", "first.image.tt0", "first.residual", "first"):
        found = hands.beside(str(tmp_path / image))
        assert [(each.folder, each.task, each.made) for each in found] == [
            (str(first), "tclean", MADE),
            (str(second), "tclean", MADE + 100),
        ]
    assert [each.folder for each in hands.beside(str(tmp_path / "other.image"))] == [str(other)]
    assert hands.beside(str(tmp_path / "third.image")) == []


def test_handwork_is_given_to_the_cleaning_that_it_was_made_in(tmp_path: Path) -> None:
    first, second = hand(tmp_path, MADE), hand(tmp_path, MADE + 100)
    # Each waited for hands, and in between one ran by itself.
    calls = [cleaning(MADE + 50), cleaning(MADE + 60, interactive=False), cleaning(MADE + 3600)]
    assert hands.give(hands.beside(str(tmp_path / "first.image")), calls) == []
    assert [call.hand for call in calls] == [[str(first)], [], [str(second)]]


def test_handwork_of_a_cleaning_that_is_not_known_is_given_to_no_other(tmp_path: Path) -> None:
    first, second = hand(tmp_path, MADE), hand(tmp_path, MADE + 100)
    found = hands.beside(str(tmp_path / "first.image"))
    later = cleaning(MADE + 3600)
    assert [each.folder for each in hands.give(found, [later])] == [str(first)]
    assert later.hand == [str(second)]
    # It is known how long this one took.
    short = replace(cleaning(MADE + 3600), seconds=60.0)
    assert hands.give(found, [short]) == found


@pytest.mark.parametrize("interactive", [False, 0, ""])
def test_handwork_of_no_call_is_left(interactive: object, tmp_path: Path) -> None:
    hand(tmp_path, MADE)
    found = hands.beside(str(tmp_path / "first.image"))
    assert hands.give(found, [cleaning(MADE + 50, interactive), cleaning(MADE - 50)]) == found


def test_handwork_that_cannot_be_read_is_found_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "first.hand"
    folder.mkdir()
    (folder / "steps.json").write_text("{")
    assert hands.beside(str(tmp_path / "first.image")) == [hands.Hand(str(folder), "", 0.0)]


def test_of_a_replay_it_is_said_what_was_replayed_and_how_it_ended(tmp_path: Path) -> None:
    hand(tmp_path, MADE, replayed="/data/drawn.hand")
    call = cleaning(MADE + 50)
    assert hands.give(hands.beside(str(tmp_path / "first.image")), [call]) == []
    assert call.notes == ["A replay of /data/drawn.hand. It was stopped."]


def test_a_replay_whose_record_is_gone_is_told_from_one_by_hand() -> None:
    calls = [cleaning(MADE), Call("tclean", {"interactive": True, "hand": "drawn.hand"}, MADE)]
    for call in calls:
        doubts.of_call(call)
    assert [call.notes for call in calls] == [
        ["It was cleaned by hand, and no record of the masks is there."],
        ["It replayed drawn.hand, and no record of the masks is there."],
    ]
