"""What happens if handwork cannot be kept: the cleaning goes on, and a line says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest
from casa_kernel.replay.recorder import Recorder

ANSWER = (
    '{"load": "first.residual", "kind": "raster"}\n{"load": "first.mask", "kind": "contour"}\n'
    '{"question": {"niter": 60, "cycleniter": 20, "threshold": "0Jy", "cyclethreshold": "1Jy"}, "action": "continue", '
    '"answer": {"niter": 60, "cycleniter": 20, "threshold": "0Jy", "cyclethreshold": "1Jy"}}\n'
)


def recorder(folder: Path, shown: List[Any], **more: Any) -> Recorder:
    def describe(path: Path) -> Any:
        raise RuntimeError(f"{path.name} cannot be read")

    return Recorder("tclean", {"imagename": str(folder / "first"), **more}, describe, shown.append)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (ANSWER, "RuntimeError: first.mask cannot be read."),
        ('{"failed": "a frame is too long"}\n', "was not understood (a frame is too long)."),
        ("", "no answer of casaviewer was seen."),
        ("half a line", "no answer of casaviewer was seen."),
        ("no json\n", "JSONDecodeError"),
        ('{"question": {}, "action": "stop", "answer": {}}\n', "KeyError"),
    ],
)
def test_whatever_goes_wrong_is_said_and_raises_nothing(output: str, reason: str, tmp_path: Path) -> None:
    shown: List[Dict[str, str]] = []
    keeper = recorder(tmp_path, shown)
    keeper.listen(lambda: output)
    keeper.before_question()
    keeper.after_question()
    keeper.hear("initminorcycle", {"peakresidual": 1})
    keeper.hear("getminorcyclecontrols", None)
    keeper.before_question()
    line = keeper.finish(None)
    assert line.startswith("The handwork was not kept: ")
    assert reason in line
    # It is shown nevertheless how the cleaning goes.
    assert "Cycle 2: peak residual 1 Jy/beam" in shown[-1]["text/plain"]
    assert not list(tmp_path.iterdir())


def test_without_a_question_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert recorder(tmp_path, []).finish(None) == ""
    keeper = recorder(tmp_path, [], vis=object())
    keeper.fail("The program that keeps handwork did not answer.")
    assert keeper.finish(KeyboardInterrupt()) == ""
    assert keeper.finish(None) == "The handwork was not kept: The program that keeps handwork did not answer."
