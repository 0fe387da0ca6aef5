from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from casa_desktop.desktop import lifecycle, registry
from casa_desktop.errors import InvalidShare, NoSuchShare, NotRunning
from casa_desktop.runtime import directory
from casa_desktop.runtime.record import Record
from casa_desktop.views import share_links


@pytest.fixture
def desktop(root: Path) -> Record:
    return lifecycle.ensure()


def _files(desktop: Record) -> list[Path]:
    return list(directory.places(desktop.name).shares.iterdir())


def test_a_token_stands_for_its_desktop_and_its_link(desktop: Record) -> None:
    other = lifecycle.ensure("m31")
    before = time.time()
    share, token = share_links.create(desktop, 5, "for Ada")
    another, another_token = share_links.create(other)
    after = time.time()
    assert share_links.find(token) == (desktop, share)
    assert share_links.find(another_token) == (other, another)
    assert before <= share.expires - 300 <= after
    assert before <= another.expires - 3600 <= after


def test_the_disk_does_not_tell_the_token(desktop: Record) -> None:
    share, token = share_links.create(desktop)
    (file,) = _files(desktop)
    assert token not in file.read_text()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    with pytest.raises(NoSuchShare):
        share_links.find(share.digest)


def test_links_are_listed_by_their_end_and_those_that_ended_are_removed(desktop: Record) -> None:
    late, _ = share_links.create(desktop, 100)
    early, token = share_links.create(desktop, 50)
    assert share_links.valid(desktop) == [early, late]
    path = directory.places("main").shares / f"{early.id}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "expires": time.time() - 1}))
    with pytest.raises(NoSuchShare):
        share_links.find(token)
    assert share_links.valid(desktop) == [late]
    assert not path.exists()
    assert [share_links.is_valid(desktop, each.id) for each in (early, late)] == [False, True]


def test_a_withdrawn_link_is_gone(desktop: Record) -> None:
    share, token = share_links.create(desktop)
    share_links.withdraw(desktop, share.id)
    with pytest.raises(NoSuchShare):
        share_links.find(token)
    with pytest.raises(NoSuchShare):
        share_links.withdraw(desktop, share.id)


@pytest.mark.parametrize("number", ["", "../../record", "../record", "x" * 16, "0" * 16])
def test_only_links_can_be_withdrawn(desktop: Record, number: str) -> None:
    with pytest.raises(NoSuchShare):
        share_links.withdraw(desktop, number)
    assert registry.find() == desktop


def test_links_end_with_their_desktop(desktop: Record) -> None:
    _, token = share_links.create(desktop)
    lifecycle.stop()
    with pytest.raises(NoSuchShare):
        share_links.find(token)
    with pytest.raises(NotRunning):
        share_links.create(desktop)
    lifecycle.ensure()
    with pytest.raises(NoSuchShare):
        share_links.find(token)


def test_a_file_that_is_no_link_is_none(desktop: Record) -> None:
    share_links.create(desktop)
    for text in ("", "{}", "[]", '{"id": 7}'):
        (directory.places("main").shares / "x.json").write_text(text)
        assert len(share_links.valid(desktop)) == 1


@pytest.mark.parametrize("minutes", [0, -1, 1441, "60", None, True, float("nan"), []])
def test_a_life_is_a_number_of_minutes_up_to_a_day(desktop: Record, minutes: float) -> None:
    with pytest.raises(InvalidShare) as refused:
        share_links.create(desktop, minutes)
    assert refused.value.field == "life"


@pytest.mark.parametrize("label", [None, 7, "x" * 101, "two\nlines", "\x1b[2J"])
def test_a_label_is_one_line(desktop: Record, label: str) -> None:
    with pytest.raises(InvalidShare) as refused:
        share_links.create(desktop, 60, label)
    assert refused.value.field == "label"
