"""The plan: the same for the same seed, and with something for everybody in each hundred."""

from __future__ import annotations

from itertools import islice

import pytest

from .plan import DECK, HAND, SEEDS, TOOLS, Action, Moment, Victim, Work, dealt, fresh, one, planned


def test_same_seed_is_the_same_plan() -> None:
    assert planned(300) == planned(300)
    assert list(islice(dealt(7), 50)) == list(islice(dealt(7), 50)) != list(islice(dealt(8), 50))


def test_more_rounds_begin_as_fewer_do() -> None:
    assert planned(1000)[:100] == planned(100)
    assert len(planned(1)) == 1
    assert len(planned(1234)) == 1234


def test_fresh_seeds_play_other_rounds_that_can_be_played_again_one_by_one() -> None:
    rounds = planned(250, fresh(4711))
    assert {each.seed for each in rounds} == {4711, 4712, 4713}
    assert not set(rounds) & set(planned(250))
    assert rounds[101] == one(4712, 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_hundred_of_a_seed_has_every_victim_with_its_actions(seed: int) -> None:
    rounds = list(islice(dealt(seed), 2 * HAND))
    for hundred in (rounds[:HAND], rounds[HAND:]):
        found = [(each.victim, each.action) for each in hundred]
        for victim, row in DECK.items():
            for action, count in row.items():
                assert found.count((victim, action)) == count
        assert {each.work for each in hundred} == set(Work)
        assert {each.moment for each in hundred} == set(Moment)


def test_deck_has_all_victims_and_actions_and_a_hundred_cards() -> None:
    assert set(DECK) == set(Victim)
    assert {action for row in DECK.values() for action in row} == set(Action)
    assert sum(sum(row.values()) for row in DECK.values()) == HAND


def test_no_two_of_a_thousand_rounds_have_the_same_seed_and_number() -> None:
    assert len({(each.seed, each.number) for each in planned(1000)}) == 1000


def test_one_round_is_the_one_of_the_plan_and_says_so() -> None:
    for each in planned(250)[::49]:
        assert one(each.seed, each.number) == each
        assert str(each).startswith(f"seed {each.seed}, round {each.number}: {each.victim.value}")


def test_a_moment_is_one_that_its_work_has() -> None:
    for each in planned(1000):
        assert each.moment is not Moment.MASK or each.work is Work.INTERACTIVE
        assert each.moment is not Moment.WINDOW or each.work in (Work.LIVE_VIEWER, Work.LIVE_PLOTMS, Work.LOGGER)
        assert each.victim not in TOOLS or each.work not in (Work.LISTOBS, Work.CLEAN, Work.SCREENSHOT)
        assert (each.action is Action.FILL) == (each.victim is Victim.DISK)
