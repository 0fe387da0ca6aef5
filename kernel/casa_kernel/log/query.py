"""Read a session's whole log from its file: its end, or the messages that a query selects."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Deque, Dict, Iterable, List, Optional, Pattern, Sequence

from ..errors import BadParameter
from .parser import SEVERE, WARN, Message, messages
from .view import View

# Enough for some hundred lines.
_BYTES = 65536
LEVELS = ("debug", "info", "warn", "severe")
NUMBER = 100
# Notebooks keep their output, so it must not grow too large.
_MOST = 400


def tail(path: Path, lines: int = 60) -> str:
    """Return the last ``lines`` lines of the log at ``path``; an empty string if there is no log."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _BYTES, 0))
        text = file.read().decode(errors="replace")
    return "\n".join(text.rstrip("\n").split("\n")[-lines:])


@dataclass(frozen=True)
class Query:
    """The criteria for messages.

    Attributes:
        level: the lowest of ``LEVELS``.
        pattern: must be found in the text.
        origin: must be found in the origin.
        number: the number of messages, from the newest on.
    """

    level: str = "debug"
    pattern: Optional[Pattern[str]] = None
    origin: Optional[Pattern[str]] = None
    number: int = NUMBER

    def accepts(self, each: Message) -> bool:
        """Return whether a message meets the criteria."""
        return (
            LEVELS.index(_level(each.priority)) >= LEVELS.index(self.level)
            and (self.pattern is None or self.pattern.search(each.text) is not None)
            and (self.origin is None or self.origin.search(each.origin) is not None)
        )


def _level(priority: str) -> str:
    if priority in (WARN, SEVERE):
        return priority.lower()
    return "debug" if priority.startswith("DEBUG") else "info"


def query(words: Sequence[str], origin: Optional[str], number: Optional[int]) -> Query:
    """Return the query for the arguments of ``%casa_log``.

    Args:
        words: a level, a pattern, or both.
        origin: a pattern; None for any.
        number: the number of messages; None for the default.

    Raises:
        BadParameter: an argument makes no sense.
    """
    levels = [word.lower() for word in words if word.lower() in LEVELS]
    patterns = [word for word in words if word.lower() not in LEVELS]
    if len(levels) > 1 or len(patterns) > 1:
        many = levels if len(levels) > 1 else patterns
        raise BadParameter("casa_log", f"one of {' and '.join(map(repr, many))} is enough; quote words with blanks.")
    number = NUMBER if number is None else number
    if not 0 < number <= _MOST:
        raise BadParameter("casa_log", f"the number is {number}, but should be from 1 to {_MOST}.")
    return Query(
        level=levels[0] if levels else "debug",
        pattern=_compile(patterns[0]) if patterns else None,
        origin=_compile(origin) if origin else None,
        number=number,
    )


def _compile(pattern: str) -> Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise BadParameter("casa_log", f"{pattern!r} is no regular expression: {error}.") from error


class Selection:
    """The newest messages that a query accepts, and the number of all that it accepts."""

    def __init__(self, path: Path, wanted: Query) -> None:
        self._path, self._wanted = path, wanted
        self._newest: Deque[Message] = deque(maxlen=wanted.number)
        self._counts: Dict[str, int] = {}

    def add(self, lines: Iterable[bytes]) -> bool:
        """Add lines of the log; return whether the query accepted one of them."""
        wanted: List[Message] = []
        for each in messages(lines):
            if self._wanted.accepts(each):
                wanted = [each]
                self._newest.append(each)
                self._counts[each.priority] = self._counts.get(each.priority, 0) + 1
        return bool(wanted)

    def view(self, running: bool = False) -> View:
        """Return the selection as a view for the notebook."""
        return View(
            logfile=self._path,
            total=sum(self._counts.values()),
            warn=self._counts.get(WARN, 0),
            severe=self._counts.get(SEVERE, 0),
            newest=self._newest[-1] if self._newest else None,
            messages=list(self._newest),
            running=running,
            whole=True,
        )


def bundle(path: Path, wanted: Query = Query()) -> Dict[str, Any]:
    """Return the MIME bundle of the messages in the log at ``path`` that a query accepts."""
    found = Selection(path, wanted)
    with path.open("rb") as file:
        found.add(line.rstrip(b"\n") for line in file)
    return found.view().bundle()
