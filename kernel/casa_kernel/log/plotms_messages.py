"""Read the messages of casaplotms about one plot from CASA's log.

casaplotms sends its client only "plot parameters failed", and nothing at all if it has a window. The reason, its
warnings and the number of points are in its log (casaplotms 1.7 to 2.9).
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import List, Optional, Sequence

from inotify_simple import flags

from casa_desktop.system.file_alarm import Alarm

from .file import LogFile
from .parser import SEVERE, WARN, Message, messages

# The message if the log has no reason.
NO_REASON = "the data could not be loaded; CASA's log says more."
# The beginnings of plotms' messages about its progress while it loads data.
_DOINGS = (
    "Clearing", "Plotting", "Plot Data", "Selection", "Caching", "Loading", "Data selection will yield", "Averaging",
    "Data Averaging", "The plotms cache", "This is", "Channel", "Time", "Frequency", "Transformations", "START", "END",
    "Axes ranges", "Finished", "Generating", "Setting up", "refTime", "SPW",
)  # fmt: skip
# The prefix of the reason, if plotms has a window.
_IN_WINDOW = "WARNING: Error during cache loading: "
# An axis, and its first and last value that is not flagged.
_RANGE = re.compile(r"^\s*(\S.*): (\S+) to (\S+) \(unflagged\)", re.MULTILINE)
_POINTS = re.compile(r"Plotting (\d+) unflagged")
# The log's last line may come this many seconds after the end of the drawing.
_VERDICT = 1.0


class PlotLog:
    """The log of one casaplotms, from the moment when this object is made; a context manager.

    Args:
        pid: its process. It writes into the file that it has opened, even if the file is renamed or the session's log
            changes.
        path: the path with which casaplotms was started.
    """

    def __init__(self, pid: int, path: str) -> None:
        self._file = LogFile.opened_by(pid, Path(path))
        self._lines: List[bytes] = []

    def __enter__(self) -> PlotLog:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def _messages(self) -> List[Message]:
        for piece in self._file.pieces() if self._file is not None else ():
            self._lines.extend(piece)
        return list(messages(self._lines))

    def _of_loading(self) -> List[Message]:
        """Return the messages about the last plot, from its beginning on."""
        found = [each for each in self._messages() if each.origin.startswith("PlotMS::")]
        begins = [number for number, each in enumerate(found) if each.text.startswith("Updating:")]
        return found[begins[-1] :] if begins else found

    def reason(self) -> str:
        """Return the reason why the last plot failed, as a sentence; ``NO_REASON`` if the log has none.

        The reason is an INFO message after those about plotms' progress, and before it clears its cache.
        """
        said = [each.text.strip() for each in self._of_loading() if "load_cache" in each.origin]
        reasons = [text for text in said if text and not text.startswith(_DOINGS)]
        if not reasons:
            return NO_REASON
        last = reasons[-1]
        if "NullSelection" in last:
            return "the selection leaves no data."
        lines = (last[len(_IN_WINDOW) :] if last.startswith(_IN_WINDOW) else last).split("\n")
        return f"{' '.join(line.strip() for line in lines).rstrip(' ,.')}."

    def failure(self) -> str:
        """Return the reason why data that plotms began to load did not become a plot; an empty string if they did.

        The reason is a sentence. A casaplotms with a window does not send it to its client.
        """
        verdict = self._verdict()
        if verdict is None and self._file is not None:
            verdict = self._wait_for_verdict(self._file)
        return "" if verdict else self.reason()

    def _verdict(self) -> Optional[bool]:
        """Return whether the data became a plot, or were not loaded anew; None while the log does not say."""
        found = self._of_loading()
        loading = [each.text for each in found if "load_cache" in each.origin]
        if any(text.startswith(_IN_WINDOW) for text in loading):
            return False
        return True if not loading or any(_POINTS.match(each.text) for each in found) else None

    def _wait_for_verdict(self, file: LogFile) -> Optional[bool]:
        """Wait until the log has the verdict, or ``_VERDICT`` is over; return it, or None."""
        deadline = time.monotonic() + _VERDICT
        try:
            alarm = Alarm(_VERDICT)
        except OSError:
            # There is no descriptor left.
            time.sleep(_VERDICT)
            return self._verdict()
        try:
            alarm.open()
            while True:
                # Armed before reading, so that lines which are written later wake this thread.
                alarm.arm(file.by_descriptor, flags.MODIFY | flags.ONESHOT)
                verdict, rest = self._verdict(), deadline - time.monotonic()
                if verdict is not None or rest <= 0:
                    return verdict
                alarm.wait(rest)
        finally:
            alarm.close()

    def remarks(self, plotrange: Sequence[float] = ()) -> List[str]:
        """Return the warnings and errors of all plots, each once: plotms goes on with other values than it was given.

        Args:
            plotrange: the range that it was to show: the ends of x, and those of y; two zeros for all. There is also a
                remark if no data lie in it.
        """
        found = (each for each in self._messages() if each.priority in (WARN, SEVERE) and "PlotMS" in each.origin)
        outside = _outside(plotrange, [each.text for each in self._of_loading()])
        return list(dict.fromkeys([*(" ".join(each.text.split()) for each in found), *outside]))


def _outside(plotrange: Sequence[float], said: Sequence[str]) -> List[str]:
    """Return a list with a sentence if no data lie in the range that is shown."""
    axes = [_RANGE.findall(text) for text in said if text.startswith("Axes ranges")]
    # If there are several y axes, the range belongs to some of them.
    if len(plotrange) != 4 or len(axes) != 1:
        return []
    for (name, low, high), ends in zip(axes[0], (plotrange[:2], plotrange[2:])):
        first, last = float(low), float(high)
        # The log has six digits.
        slack = 1e-5 * max(abs(first), abs(last))
        if any(ends) and first <= last and not (min(ends) <= last + slack and max(ends) >= first - slack):
            return [f"nothing lies in plotrange={list(plotrange)}: {name} goes from {low} to {high}."]
    return []
