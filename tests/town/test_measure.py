"""The figures of a hub of many users, of a few; and of one who works in a browser."""

from __future__ import annotations

from typing import Sequence

import pytest

from .measure import Figures, admitted, dismissed, rushed
from .observatory import Observatory
from .stay import gone, stayed

# A server, a desktop and a kernel with CASA take more.
MEMORY = 100 << 20


def _check(found: Sequence[Figures]) -> None:
    assert [each.number for each in found] == [1, 2]
    for each in found:
        assert min(each.server, each.frame, each.kernel) > 0
        assert each.memory > MEMORY
        assert len(each.line().split()) == len(each)


def test_each_user_is_measured_and_nothing_is_left(hub: Observatory) -> None:
    users = ["observer1", "observer2"]
    _check(list(admitted(hub, users)))
    assert dismissed(hub, users) == []


def test_users_who_come_at_once_are_measured_and_nothing_is_left(hub: Observatory, pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("--long"):
        pytest.skip("each user is measured as above; --long measures two at once")
    users = ["rushing1", "rushing2"]
    _check(rushed(hub, users))
    assert dismissed(hub, users) == []


def test_a_user_simulates_images_looks_and_cleans_in_a_browser_and_nothing_is_left(
    hub: Observatory, pytestconfig: pytest.Config
) -> None:
    if not pytestconfig.getoption("--long"):
        pytest.skip("a browser, CASA and its windows on a hub take a minute; --long has it")
    (found,) = stayed(hub)
    assert found.failure == ""
    assert found.memory > MEMORY
    assert len(found.line().split()) == 4
    assert gone(hub) == []
