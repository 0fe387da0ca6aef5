"""What may be spent within a second, by a clock that stands still unless it is told to go on."""

from __future__ import annotations

from casa_desktop.system.token_bucket import Budget


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_free_and_more_must_be_waited_for() -> None:
    clock = Clock()
    budget = Budget(10, 30, clock)
    assert budget.spend(30) == 0
    assert budget.spend(20) == 2
    assert budget.spend(10) == 3
    clock.now += 3
    assert budget.spend(0) == 0
    assert budget.spend(5) == 0.5


def test_what_is_not_spent_is_kept_up_to_a_burst() -> None:
    clock = Clock()
    budget = Budget(10, 30, clock)
    clock.now += 1000
    assert budget.spend(30) == 0
    assert budget.spend(10) == 1
