"""The figures of a hub of many users, of a few."""

from __future__ import annotations

from .measure import admitted, dismissed
from .observatory import Observatory

USERS = 2


def test_each_user_is_measured_and_nothing_is_left(hub: Observatory) -> None:
    found = list(admitted(hub, USERS))
    assert [each.number for each in found] == [1, 2]
    for each in found:
        assert min(each.server, each.frame, each.kernel) > 0
        # A server, a desktop and a kernel with CASA.
        assert each.memory > 100 << 20
        assert len(each.line().split()) == len(each)
    assert dismissed(hub, USERS) == []
