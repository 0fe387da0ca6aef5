"""The answers of a record, as the player gives them in casaviewer's place."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Tuple

import numpy as np
import pytest
from casa_kernel.replay import wire
from casa_kernel.replay.player import Player

from ...support.handwork import box, record

VIEW = "/rpc.img.view/"
PANEL = wire.message(7)
ASKED = wire.Options(400, 50, "0.000000Jy", "0.091919Jy")
QUESTION = wire.message(PANEL, *vars(ASKED).values())
Written = List[Tuple[str, Any]]


@pytest.fixture
def written() -> Written:
    """The masks that the player has written."""
    return []


@pytest.fixture
def player(tmp_path: Path, written: Written) -> Player:
    return Player(record(tmp_path, "continue stop"), 7, lambda path, pixels: written.append((path, pixels)))


def load(player: Player, mask: str) -> None:
    player.answer(f"{VIEW}load", wire.message(PANEL, mask, "contour"))


def ask(player: Player) -> Tuple[str, wire.Options]:
    """Ask as CASA does in each cycle; return the action and the controls."""
    found = wire.fields(player.answer(f"{VIEW}interactivemask", QUESTION))
    action, state = found[1], found[2]
    assert isinstance(action, bytes)
    assert isinstance(state, bytes)
    return action.decode(), wire.options(state)


def test_each_cycle_has_its_mask_and_its_answer_and_after_the_last_one_it_stops(
    player: Player, written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    load(player, "first.mask")
    assert ask(player) == ("continue", ASKED)
    action, answer = ask(player)
    assert (action, answer.niter) == ("stop", 350)
    assert [path for path, _ in written] == ["first.mask", "first.mask"]
    for (_, pixels), drawn in zip(written, (box(8, 12, 16, 20), box(8, 12, 20, 20))):
        assert np.array_equal(pixels, drawn)
    # CASA has other cycles than it had: it is told to stop, and the user of it.
    assert ask(player)[0] == "stop"
    assert len(written) == 2
    assert '"over": "first.mask"' in capsys.readouterr().out


def test_a_field_that_the_record_does_not_have_gets_no_answer(player: Player) -> None:
    load(player, "first.mask")
    ask(player)
    load(player, "outlier.mask")
    with pytest.raises(ValueError, match=r"it has the masks of 1 image fields, and outlier\.mask is one more"):
        ask(player)
