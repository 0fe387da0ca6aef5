"""Any part may be killed, stopped or starved at any moment: the others go on, and what was hit comes back.

``plan`` says what happens in each round, ``play`` does it. ``make chaos ARGS="--rounds 1000"`` plays as many as one
likes, and ``--chaos-seed S --chaos-round R`` one of them alone.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import List

import pytest

from casa_desktop.runtime.x_files import answers

from ..support.living import command
from .arena import Arena
from .ledger import Outcome
from .plan import Action, Round, Victim
from .play import Play

pytestmark = [
    pytest.mark.system,
    # python-xlib leaves its socket to the collector when an X server ends while it says hello (seen in 0.33).
    pytest.mark.filterwarnings("ignore:.*socket:pytest.PytestUnraisableExceptionWarning"),
]


def test_promises_hold_in_a_round(arena: Arena, outcomes: List[Outcome], round_: Round) -> None:
    if round_.victim is Victim.DISK and not (arena.runtime.is_small and arena.data.is_small):
        pytest.skip("only root may mount a small disk")
    if round_.action is Action.BLIND and not arena.inotify.is_there:
        pytest.skip("this user may not make a user namespace")
    arena.prepare()
    outcome = Play(arena, round_).run()
    outcomes.append(outcome)
    if outcome.broken:
        again = f"make chaos ARGS='--chaos-seed {round_.seed} --chaos-round {round_.number}'"
        pytest.fail(f"{outcome}\n  again: {again}", pytrace=False)


def test_nothing_is_left_of_all_that(arena: Arena) -> None:
    arena.close()
    deadline = time.monotonic() + 10
    while arena.left() and time.monotonic() < deadline:
        # Nobody tells the end of a process that is not one's own child and not yet known.
        time.sleep(0.1)
    assert [command(process) for process in arena.left()] == []
    assert not arena.root.exists()
    assert list(arena.temporary.iterdir()) == []
    # Other people's X servers may have taken the numbers since.
    for display in arena.displays:
        path = Path(f"/tmp/.X11-unix/X{display[1:]}")
        assert not path.exists() or answers(path), f"{path} was left"
