"""A session's whole log, read from its file: its end, and the messages that somebody asks for."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Deque, Dict, Iterable, List, Optional, Pattern, Sequence

from .errors import BadParameter
from .logparse import SEVERE, WARN, Message, messages
from .logview import View

# Enough for some hundred lines.
_BYTES = 65536
LEVELS = ("debug", "info", "warn", "severe")
NUMBER = 100
# Notebooks keep what they show.
_MOST = 400


def tail(path: Path, lines: int = 60) -> str:
    """Return the last ``lines`` lines of the log at ``path``; nothing where there is no log."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _BYTES, 0))
        text = file.read().decode(errors="replace")
    return "\n".join(text.rstrip("\n").split("\n")[-lines:])


@dataclass(frozen=True)
class Query:
    """Which messages are wanted.

    Attributes:
        level: the lowest of ``LEVELS``.
        pattern: what the text must hold.
        origin: what the origin must hold.
        number: how many of them, from the newest on.
    """

    level: str = "debug"
    pattern: Optional[Pattern[str]] = None
    origin: Optional[Pattern[str]] = None
    number: int = NUMBER

    def accepts(self, each: Message) -> bool:
        """Return whether a message is wanted."""
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
    """Return what the arguments of ``%casa_log`` ask for.

    Args:
        words: a level, a pattern, or both.
        origin: a pattern; None for any.
        number: how many; None for the usual number.

    Raises:
        BadParameter: one of them cannot be.
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
    """The newest messages that a query accepts, and how many there were."""

    def __init__(self, path: Path, wanted: Query) -> None:
        self._path, self._wanted = path, wanted
        self._newest: Deque[Message] = deque(maxlen=wanted.number)
        self._counts: Dict[str, int] = {}

    def add(self, lines: Iterable[bytes]) -> bool:
        """Take lines of the log in; tell whether one of them was wanted."""
        wanted: List[Message] = []
        for each in messages(lines):
            if self._wanted.accepts(each):
                wanted = [each]
                self._newest.append(each)
                self._counts[each.priority] = self._counts.get(each.priority, 0) + 1
        return bool(wanted)

    def view(self, running: bool = False) -> View:
        """Return it for the notebook."""
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
    """Return the MIME bundle that shows what is wanted of the log at ``path``."""
    found = Selection(path, wanted)
    with path.open("rb") as file:
        found.add(line.rstrip(b"\n") for line in file)
    return found.view().bundle()
