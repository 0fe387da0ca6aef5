from __future__ import annotations

import math
import select

import pytest

from casa_desktop.desktop.agent import milliseconds


@pytest.mark.parametrize("seconds", [-1, 0, 1e-9, 0.5, 86_400, 525_600 * 60, 1e300])
def test_every_time_that_a_desktop_may_be_unused_can_be_waited_for(seconds: float) -> None:
    reader = select.poll()
    with open("/dev/zero", "rb") as always_ready:
        reader.register(always_ready, select.POLLIN)
        assert reader.poll(milliseconds(seconds))


def test_a_desktop_without_a_limit_is_looked_at_for_no_time_at_all() -> None:
    assert milliseconds(math.inf) is None
