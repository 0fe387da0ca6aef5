"""Filter what CASA's C++ writes to standard error: its percent scale, and a copy of warnings and errors. No I/O.

Once a step has taken seven seconds, casacore's ``ProgressMeter`` writes ``0%....10....20`` and so on, character by
character. Log messages of priority WARN and SEVERE are written as in the log file, line by line (casatools 6.7.0).
"""

from __future__ import annotations

import re
from typing import List, Optional, Tuple

SCALE = "0%" + "".join(f"....{tens}" for tens in range(10, 101, 10)) + "%\n"
# A blank line precedes the scale. The leading 0% is missing if the step counts from zero.
_STARTS = ("\n" + SCALE, SCALE, SCALE[2:])
# Not only at the start of a line: a message may come in the middle of a scale.
_LOG_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\t.*\n)")
_LOG_LINE_BEGINS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\t[^\n]*\Z")
# A longer piece cannot contain a scale.
_LONGEST_PIECE = 4096


class NativeText:
    """Filters text that comes in pieces of any size.

    Attributes:
        fraction: the fraction that the scale shows; None outside of a scale.
    """

    def __init__(self) -> None:
        self.fraction: Optional[float] = None
        self._line = ""
        self._held = ""
        self._at_line_start = True
        # A line of the log has begun that is too long to be kept until its end.
        self._in_long_line = False

    def feed(self, text: str, drop_log: bool) -> Tuple[str, bool]:
        """Return ``text`` without the scale, and whether the scale moved.

        Args:
            text: the next piece.
            drop_log: also remove the lines of the log.
        """
        text, self._line = self._line + text, ""
        if self._in_long_line:
            _, end, text = text.partition("\n")
            self._in_long_line = not end
        if len(text) > _LONGEST_PIECE:
            return self._release() + (self._without_log(text) if drop_log else text), False
        unfinished = _LOG_LINE_BEGINS.search(text)
        if unfinished:
            text, self._line = text[: unfinished.start()], text[unfinished.start() :]
        before = self.fraction
        passed: List[str] = []
        # Every second part is a line of the log, which may be in the middle of a scale.
        for number, part in enumerate(_LOG_LINE.split(text)):
            if number % 2 == 0:
                passed.extend(map(self._take, part))
            elif not drop_log:
                passed.append(part)
        return "".join(passed), self.fraction != before

    def _without_log(self, text: str) -> str:
        text = _LOG_LINE.sub("", text)
        unfinished = _LOG_LINE_BEGINS.search(text)
        self._in_long_line = unfinished is not None
        return text[: unfinished.start()] if unfinished else text

    def end_scale(self) -> None:
        """Expect no more of the current scale, because its task is over."""
        if self.fraction is not None:
            self._held, self.fraction, self._at_line_start = "", None, True

    def _release(self) -> str:
        held, self._held = ("" if self.fraction is not None else self._held), ""
        self.fraction = None
        return held

    def _take(self, character: str) -> str:
        longer = self._held + character
        if self._at_line_start and any(start.startswith(longer) for start in _STARTS):
            self._held = longer
            self._advance()
            return ""
        if self._held and self._at_line_start and (self.fraction is None or character == "0"):
            # The text held back is not a scale, or another scale begins before its end.
            released = self._release()
            self._at_line_start = not released or released.endswith("\n")
            return released + self._take(character)
        self._at_line_start = character == "\n"
        return character

    def _advance(self) -> None:
        # Text that merely begins with dots is not yet a scale.
        if "10" not in self._held:
            return
        if self._held.endswith("100%\n"):
            self._held, self.fraction = "", None
            return
        # A dot means two per cent, and so does the step from the fourth dot of a group to the number after it.
        written = self._held.lstrip("\n").replace("0%", "", 1)
        numbers: List[str] = re.findall(r"\d+", written)
        self.fraction = 2 * (written.count(".") + len(numbers)) / 100
