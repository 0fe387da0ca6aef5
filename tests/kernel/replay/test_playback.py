"""Whether a record of masks fits a call, before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional, Tuple

import pytest
from casa_kernel.errors import BadParameter, HandworkUnfit
from casa_kernel.replay import playback

from casa_desktop.errors import HandworkMissing
from casa_desktop.handwork.models import Controls, Image, Record, Step

QUESTION = Controls(60, 20, "0.000000Jy", "0.091919Jy")
STEP = Step(1, "first", QUESTION, "continue", QUESTION, {}, 0.25)
CUBE = Record("tclean", {}, "", "/data", {}, {"first": Image((64, 48, 1, 8), ())}, {}, (STEP,))
FITTING: Dict[str, Any] = {
    "imagename": "again",
    "imsize": [64, 48],
    "stokes": "I",
    "specmode": "cube",
    "nchan": 8,
    "outlierfile": "",
}


def check(record: Record = CUBE, there: Optional[Tuple[int, ...]] = None, **changed: Any) -> None:
    player = playback.Playback("tclean", Path("/data/first.hand"), record)
    player.check({**FITTING, **changed}, lambda path: there if path.name == "again.psf" else None)


@pytest.mark.parametrize(
    "changed",
    [{}, {"nchan": -1}, {"stokes": "other"}, {"there": (64, 48, 1, 8)}, {"imsize": []}, {"outlierfile": None}],
)
def test_a_call_that_may_make_the_same_shape_fits(changed: Dict[str, Any]) -> None:
    check(**changed)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"imsize": 64}, "its masks have 64 x 48 x 1 x 8 pixels, and this call asks for imsize=64"),
        ({"imsize": [64, 50]}, "asks for imsize=.64, 50."),
        ({"stokes": "IQUV"}, "asks for stokes='IQUV'"),
        ({"nchan": 7}, "asks for nchan=7"),
        ({"specmode": "mfs"}, "asks for specmode='mfs'"),
        ({"there": (64, 48, 1, 9)}, "and again.psf has 64 x 48 x 1 x 9"),
    ],
)
def test_another_shape_is_refused_before_anything_is_computed(changed: Dict[str, Any], reason: str) -> None:
    with pytest.raises(HandworkUnfit, match=reason):
        check(**changed)


def test_another_number_of_image_fields_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "outliers.txt"
    file.write_text("# one more\nimagename = side\nimsize = [32, 32]\n")
    with pytest.raises(HandworkUnfit, match="the masks of 1 image fields, and this call makes 2"):
        check(outlierfile=str(file))


def test_a_record_of_another_task_or_without_answers_is_refused() -> None:
    with pytest.raises(HandworkUnfit, match="it was made by deconvolve"):
        check(Record("deconvolve", {}, "", "/data", {}, CUBE.images, {}, (STEP,)))
    with pytest.raises(HandworkUnfit, match="it has no answers"):
        check(Record("tclean", {}, "", "/data", {}, {}, {}))


def test_hand_is_the_path_of_a_record(tmp_path: Path) -> None:
    for wrong in (True, 1, "", ["first.hand"]):
        with pytest.raises(BadParameter, match="should be the path of a record"):
            playback.read("tclean", wrong)
    with pytest.raises(HandworkMissing):
        playback.read("tclean", tmp_path / "gone.hand")
