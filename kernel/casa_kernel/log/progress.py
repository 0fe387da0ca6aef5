"""How far a task is, from the log's messages about cleaning and the percent scale that casacore prints. No I/O.

The messages are those of casatasks 6.7.0; ``log.stderr`` reads the scale.
"""

from __future__ import annotations

import math
import re
from typing import Any, Dict, List, Optional, Tuple

_BEGIN = re.compile(r"Begin Task: (\w+)")
_END = re.compile(r"End Task: (\w+)")
_CYCLE = re.compile(r"Run Major Cycle (\d+)")
_RESIDUAL = re.compile(r"Peak residual .*within mask : ([-+.\deE]+), over full image : ([-+.\deE]+)", re.IGNORECASE)
_ITERATIONS = re.compile(r"Completed (\d+) iterations")
_STOPPED = "Reached global stopping criterion"
_NITER = re.compile(r"\bniter=(\d+)")
_NMAJOR = re.compile(r"\bnmajor=(\d+)")
_THRESHOLD = re.compile(r"\bthreshold='?([.\deE+-]+) *([munµ]?)Jy")
_THRESHOLD_IN_JY = re.compile(r"\bthreshold=([.\deE+-]+)[,)]")
_UNITS = {"": 1.0, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "n": 1e-9}
# Each relevant line contains one of these.
_WORDS = (b"Task: ", b" Major Cycle ", b"Peak residual", b"Peak Residual", b"Completed ", b"niter=", b"global stopping")


class Progress:
    """The progress of the running task, as far as CASA reports it."""

    def __init__(self) -> None:
        # Tasks call tasks; the innermost one is at work.
        self._tasks: List[Tuple[str, float]] = []
        self._scale: Optional[float] = None
        self._scale_started = 0.0
        self._forget_cleaning()

    def _forget_cleaning(self) -> None:
        self._cycle: Optional[int] = None
        self._peak: Optional[float] = None
        self._first_peak: Optional[float] = None
        self._iterations = 0
        self._niter: Optional[int] = None
        self._nmajor: Optional[int] = None
        self._threshold = 0.0
        self._stopped = False

    def add(self, lines: List[bytes], now: float) -> None:
        """Read lines of the log.

        Args:
            lines: complete lines.
            now: the time, in seconds of any clock.
        """
        # Few pieces of the log are relevant; searching the whole piece for the words costs little.
        piece = b"\n".join(lines)
        if not any(word in piece for word in _WORDS):
            return
        for line in lines:
            if any(word in line for word in _WORDS):
                self._read(line.split(b"\t", 3)[-1].decode(errors="replace"), now)

    def _read(self, text: str, now: float) -> None:
        begin, end = _BEGIN.search(text), _END.search(text)
        if begin:
            self._tasks.append((begin[1], now))
            self._forget_cleaning()
        elif end:
            # A task that was interrupted logs no end; the tasks that it called have ended with it.
            names = [name for name, _ in self._tasks]
            del self._tasks[names.index(end[1]) if end[1] in names else len(names) :]
            self._scale = None
            self._forget_cleaning()
        elif _NITER.search(text) and self._cycle is None:
            self._read_arguments(text)
        else:
            self._read_cleaning(text)

    def _read_arguments(self, text: str) -> None:
        niter, nmajor = _NITER.search(text), _NMAJOR.search(text)
        self._niter = int(niter[1]) if niter else None
        self._nmajor = int(nmajor[1]) if nmajor else None
        for pattern in (_THRESHOLD, _THRESHOLD_IN_JY):
            found = pattern.search(text)
            if found:
                self._threshold = float(found[1]) * _UNITS[found[2] if pattern is _THRESHOLD else ""]

    def _read_cleaning(self, text: str) -> None:
        cycle, residual, iterations = _CYCLE.search(text), _RESIDUAL.search(text), _ITERATIONS.search(text)
        if cycle:
            self._cycle = int(cycle[1])
        elif residual:
            # Without a mask, the peak within it is 0.
            self._peak = float(residual[1]) or float(residual[2])
            self._first_peak = self._first_peak or self._peak
            # deconvolve has no major cycles.
            self._cycle = self._cycle or 0
        elif iterations:
            self._iterations = int(iterations[1])
        elif _STOPPED in text:
            self._stopped = True

    def scale(self, fraction: Optional[float], now: float) -> None:
        """Set the fraction of a step from the percent scale; None at its end."""
        if self._scale is None:
            self._scale_started = now
        self._scale = fraction

    def state(self, now: float) -> Optional[Dict[str, Any]]:
        """Return label, fraction, elapsed seconds and detail; None while CASA reports no progress."""
        if self._cycle is None and self._scale is None:
            return None
        label, started = self._tasks[-1] if self._tasks else ("CASA", self._scale_started)
        fraction = self._scale if self._cycle is None else self._fraction()
        return {"label": label, "fraction": fraction, "elapsed": round(now - started, 1), "detail": self._detail()}

    def _fraction(self) -> Optional[float]:
        """Return the fraction of the nearest limit: of iterations, of major cycles, or the threshold."""
        if self._stopped:
            return 1.0
        found = []
        if self._niter:
            found.append(self._iterations / self._niter)
        if self._nmajor and self._cycle:
            # The first major cycle makes the residual and is not counted.
            found.append((self._cycle - 1) / (self._nmajor + 1))
        if self._first_peak and self._peak and 0 < self._threshold < self._first_peak:
            found.append(math.log(self._first_peak / self._peak) / math.log(self._first_peak / self._threshold))
        return round(min(max(0.0, *found), 1.0), 3) if found else None

    def _detail(self) -> str:
        if self._cycle is None:
            return ""
        parts = [f"major cycle {self._cycle}"] if self._cycle else []
        if self._scale is not None:
            parts.append(f"{self._scale:.0%} of this step")
        if self._peak is not None:
            parts.append(f"peak residual {brightness(self._peak)}")
        return ", ".join([*parts, f"{self._iterations} iterations"])


def brightness(value: float) -> str:
    """Return a brightness in Jy/beam with a suitable unit, like ``12.3 mJy/beam``."""
    factor, unit = next((each for each in ((1.0, "Jy"), (1e-3, "mJy")) if abs(value) >= each[0]), (1e-6, "µJy"))
    return f"{value / factor:.3g} {unit}/beam"
