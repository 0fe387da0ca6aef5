"""Replay the handwork of a cleaning: see that it fits, follow what happens, and say what is not as it was."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from casa_desktop.handwork import outliers
from casa_desktop.handwork import record as records
from casa_desktop.handwork.models import FAILED, INTERRUPTED, UNKNOWN, Record
from casa_desktop.system import pythonpath

from ..errors import BadParameter, HandworkUnfit
from .convergence import Convergence

PROGRAM = "casa_kernel.replay.player"
# Returns the shape of an image; None if there is none.
ShapeOf = Callable[[Path], Optional[Tuple[int, ...]]]

# Images that are there before a task cleans them.
_IMAGES = (".psf", ".psf.tt0", ".residual", ".residual.tt0")
# The number of planes of each choice of Stokes parameters.
_STOKES = {"IQUV": 4, "IV": 2, "QU": 2, "IQ": 2, "UV": 2, "RRLL": 2, "XXYY": 2}
_ONE_STOKES = ("I", "Q", "U", "V", "RR", "LL", "XX", "YY", "pseudoI")
_CUBES = ("cube", "cubedata", "cubesource")
_X, _Y, _POLARIZATION, _CHANNEL = range(4)
_WHY = {
    UNKNOWN: "because the kernel ended while it cleaned, or nothing more could be written",
    INTERRUPTED: "where it was interrupted",
    FAILED: "where something failed",
}


def read(task: str, hand: Any) -> Tuple[Path, Record]:
    """Return the folder and the record that a call names.

    Raises:
        BadParameter: it names none.
        HandworkMissing, HandworkDamaged, HandworkOfOtherFormat: as ``handwork.record.read``.
    """
    if not isinstance(hand, (str, os.PathLike)) or not os.fspath(hand):
        raise BadParameter(task, f"hand is {hand!r}, but should be the path of a record, for example 'first.hand'.")
    folder = Path(hand).absolute()
    return folder, records.read(folder)


class Playback:
    """The replay of one record.

    Attributes:
        argv: the command line of the program that answers in place of casaviewer.
    """

    def __init__(self, task: str, folder: Path, record: Record) -> None:
        self._task, self._folder, self._record = task, folder, record
        self.argv = [sys.executable, *pythonpath.module(PROGRAM), str(folder)]
        self._convergence = Convergence()
        self._cycle = 0
        self._difference = ""

    # Before the task

    def check(self, arguments: Mapping[str, Any], shape_of: ShapeOf) -> None:
        """Check that the masks fit the images that a call will make, as far as that is known beforehand.

        Args:
            arguments: all its parameters, with defaults.
            shape_of: returns the shape of an image.

        Raises:
            HandworkUnfit: they do not.
        """
        record = self._record
        if record.task != self._task:
            raise self._unfit(f"it was made by {record.task}")
        if not record.steps:
            raise self._unfit("it has no answers")
        shape = next(iter(record.images.values())).shape
        for axis, (length, words) in _expected(arguments).items():
            if axis < len(shape) and shape[axis] != length:
                raise self._unfit(f"its masks have {_by(shape)} pixels, and this call asks for {words}")
        for ending in _IMAGES:
            path = Path(f"{arguments['imagename']}{ending}")
            there = shape_of(path)
            if there is not None and there != shape:
                raise self._unfit(f"its masks have {_by(shape)} pixels, and {path.name} has {_by(there)}")
        fields = 1 + _outliers(arguments.get("outlierfile"))
        if fields != len(record.images):
            raise self._unfit(f"it has the masks of {len(record.images)} image fields, and this call makes {fields}")

    def _unfit(self, reason: str) -> HandworkUnfit:
        return HandworkUnfit(self._task, self._folder, reason)

    # While the task works

    def before_question(self) -> None:
        """Called when CASA is about to ask for masks."""

    def after_question(self) -> None:
        """Called when CASA has got its answers."""
        self._cycle += 1
        self._convergence.begin_cycle()

    def hear(self, name: str, result: Any) -> None:
        """Compare what a method of CASA's tools has returned to the task with what it was."""
        looked_at = self._convergence.hear(name, result)
        if looked_at is None or self._difference:
            return
        field, peak = looked_at
        images = list(self._record.images)
        for step in self._record.steps:
            known = step.peak is not None and step.cycle == self._cycle and field < len(images)
            if known and step.image == images[field] and step.peak != abs(peak):
                self._difference = (
                    f"in cycle {step.cycle} the peak of the residual was {step.peak:.7g} Jy/beam then, and is "
                    f"{abs(peak):.7g} now"
                )

    # After the task

    def problem(self, output: Path) -> Optional[HandworkUnfit]:
        """Return why the program ended that answers, if it says so in its output."""
        reasons = [event["error"] for event in _events(output) if "error" in event]
        return self._unfit(str(reasons[-1]).rstrip(".")) if reasons else None

    def summary(self, output: Path) -> List[str]:
        """Return what to tell the user when the task has ended."""
        events, record, folder = _events(output), self._record, os.path.relpath(self._folder)
        answers = sum("cycle" in event for event in events)
        lines = [f"{self._task} took {answers} of {len(record.steps)} answers from {folder}."]
        if self._difference:
            lines.append(
                f"{folder} was made with other data, or went on with other images: {self._difference}. The masks are "
                "the same, the result is another."
            )
        if any("over" in event for event in events):
            why = _WHY.get(record.end, "and CASA asked for more than it did then")
            lines.append(f"{folder} ends after cycle {record.cycles}, {why}; {self._task} was stopped there.")
        return lines


def exchanges(output: Path) -> str:
    """Return what the program that answers has printed of questions and answers, a JSON object a line."""
    return "".join(f"{json.dumps(event)}\n" for event in _events(output) if "load" in event or "action" in event)


def _events(output: Path) -> List[Dict[str, Any]]:
    found = []
    with suppress(OSError):
        for line in output.read_text(encoding="utf-8", errors="replace").split("\n"):
            # CASA's libraries print, too.
            with suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict):
                    found.append(event)
    return found


def _expected(arguments: Mapping[str, Any]) -> Dict[int, Tuple[int, str]]:
    """Return the lengths of axes that a call names, with the words for them."""
    found: Dict[int, Tuple[int, str]] = {}
    size = arguments.get("imsize")
    sides = [size] if isinstance(size, int) else list(size) if isinstance(size, Sequence) else []
    if sides and all(isinstance(each, int) for each in sides):
        for axis, side in zip((_X, _Y), (sides[0], sides[-1])):
            found[axis] = (side, f"imsize={size!r}")
    stokes, channels = arguments.get("stokes"), arguments.get("nchan")
    if isinstance(stokes, str) and (stokes in _STOKES or stokes in _ONE_STOKES):
        found[_POLARIZATION] = (_STOKES.get(stokes, 1), f"stokes={stokes!r}")
    # Of sdintimaging's joint images it is not known.
    if arguments.get("specmode") == "mfs" and "sdimage" not in arguments:
        found[_CHANNEL] = (1, "specmode='mfs'")
    elif arguments.get("specmode") in _CUBES and isinstance(channels, int) and channels > 0:
        found[_CHANNEL] = (channels, f"nchan={channels}")
    return found


def _outliers(path: Any) -> int:
    """Return how many further image fields a file of outliers names."""
    with suppress(OSError):
        return len(outliers.fields(Path(path).read_text(encoding="utf-8", errors="replace"))) if path else 0
    return 0


def _by(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
