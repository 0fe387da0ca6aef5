"""Parse the lines of CASA's log into messages, and collect a bounded number of them. No I/O.

A line contains time, priority, origin and text, separated by tabs. If a message has several lines, each is written like
the first, but with a ``+`` at the end of the origin (casatools 6.7.0).
"""

from __future__ import annotations

import re
from collections import deque
from typing import Deque, Dict, Iterable, List, NamedTuple, Optional

WARN, SEVERE = "WARN", "SEVERE"
# The limits for one message in a notebook: more than a page of listobs.
_LINES_OF_A_MESSAGE = 200
_CHARACTERS_OF_A_LINE = 1_000
_CHARACTERS_OF_A_MESSAGE = 8_000
# A character may have four bytes.
_BYTES_OF_A_MESSAGE = 4 * _CHARACTERS_OF_A_MESSAGE + 4
# Marks the place where a message was cut; views name the log file.
CUT = "… [all of this message is in the log file]"
# The average limit for each of a number of messages together.
_CHARACTERS_EACH = 500
# The origin of a C++ message ends with the path of its source at the time when CASA was built.
_SOURCE = re.compile(r"\s*\(file .*, line \d+\)$")


class Message(NamedTuple):
    """One message of the log.

    Attributes:
        time: in UTC, like ``2026-11-21 11:00:00``.
        priority: like ``INFO``, ``INFO5``, ``WARN``, ``SEVERE``, ``DEBUG1``.
        origin: the code that sent it, like ``tclean::SynthesisImager::executeMajorCycle``.
        text: its text, which may have several lines.
    """

    time: str
    priority: str
    origin: str
    text: str


def continues(fields: List[bytes]) -> bool:
    """Return whether a line, split at its first three tabs, continues the message before it."""
    return len(fields) < 4 or fields[2].endswith(b"+")


def message(lines: List[bytes]) -> Message:
    """Return the message that starts with the first of ``lines``; the others are the rest of its text."""
    fields = lines[0].split(b"\t", 3)
    head = fields[:3] if len(fields) == 4 else [b"", b"", b""]
    time, priority, origin = (field.decode(errors="replace").strip() for field in head)
    text = b"\n".join([fields[-1][:_BYTES_OF_A_MESSAGE], *lines[1:]])[:_BYTES_OF_A_MESSAGE]
    words = _shortened(text.decode(errors="replace").rstrip())
    return Message(time, priority, _SOURCE.sub("", origin.rstrip("+")), words)


def _shortened(text: str) -> str:
    """Return a message's text, cut to ``_CHARACTERS_OF_A_MESSAGE`` and marked if it was longer."""
    # The text may have been cut and marked before.
    if len(text) <= _CHARACTERS_OF_A_MESSAGE + len(CUT):
        return text
    return text[:_CHARACTERS_OF_A_MESSAGE] + CUT


def messages(lines: Iterable[bytes]) -> Iterable[Message]:
    """Yield the messages in ``lines``, one after the other."""
    current: List[bytes] = []
    size = 0
    for line in lines:
        fields = line.split(b"\t", 3)
        if current and continues(fields):
            # Keep of an endless message only as much as is shown, and enough more to notice that it was cut.
            if size <= _BYTES_OF_A_MESSAGE:
                current.append(fields[-1])
            size += len(fields[-1]) + 1
            continue
        if current:
            yield message(current)
        current, size = [line], len(line)
    if current:
        yield message(current)


def _cut(line: bytes, length: int) -> bytes:
    return line if len(line) <= length else line[:length].decode(errors="ignore").encode() + CUT.encode()


def headline(messages: Iterable[Message]) -> Optional[Message]:
    """Return the first message that contains a letter or a digit, without what is around it; None if there is none."""
    for each in messages:
        if any(letter.isalnum() for letter in each.text):
            return each._replace(text=each.text.strip("#- "))
    return None


class Tally:
    """The messages of one cell: all are counted, and a bounded number is kept.

    Attributes:
        total, warn, severe: the number of messages: all, warnings, and errors.
    """

    def __init__(self, limit: int = 400) -> None:
        self.total = self.warn = self.severe = 0
        self._limit = limit
        self._newest: Deque[List[bytes]] = deque(maxlen=limit)
        # By their number in the cell. The first ones are kept, because they show where the trouble began.
        self._serious: Dict[bytes, Dict[int, List[bytes]]] = {b"SEVERE": {}, b"WARN": {}}
        self._current: Optional[List[bytes]] = None

    def add(self, lines: Iterable[bytes]) -> None:
        """Add lines of the log."""
        for line in lines:
            fields = line.split(b"\t", 3)
            if self._current is not None and continues(fields):
                if len(self._current) < _LINES_OF_A_MESSAGE:
                    self._current.append(_cut(fields[-1], _CHARACTERS_OF_A_LINE))
                elif len(self._current) == _LINES_OF_A_MESSAGE:
                    self._current.append(CUT.encode())
                continue
            self._current = [_cut(line, _CHARACTERS_OF_A_MESSAGE)]
            self._newest.append(self._current)
            priority = fields[1] if len(fields) == 4 else b""
            if priority in self._serious:
                self._count_serious(priority, self._current)
            self.total += 1

    def _count_serious(self, priority: bytes, lines: List[bytes]) -> None:
        if priority == b"SEVERE":
            self.severe += 1
        else:
            self.warn += 1
        kept = self._serious[priority]
        if len(kept) < self._limit // 4:
            kept[self.total] = lines

    @property
    def newest(self) -> Optional[Message]:
        """The newest message that contains a letter or a digit; None if there is none."""
        return headline(message(lines[:1]) for lines in reversed(self._newest))

    def serious(self) -> List[Message]:
        """Return the first warnings and errors in their order."""
        found = {**self._serious[b"WARN"], **self._serious[b"SEVERE"]}
        return [message(found[number]) for number in sorted(found)]

    def select(self, limit: int) -> List[Message]:
        """Return at most ``limit`` messages in their order: errors and warnings first, then the newest.

        There are fewer if they are long.
        """
        found: Dict[int, List[bytes]] = {}
        room = limit * _CHARACTERS_EACH
        for priority in (b"SEVERE", b"WARN"):
            for number, lines in self._serious[priority].items():
                if len(found) < limit // 2 and room > limit * _CHARACTERS_EACH // 2:
                    found[number] = lines
                    room -= sum(map(len, lines))
        first = self.total - len(self._newest)
        for number, lines in zip(range(self.total - 1, first - 1, -1), reversed(self._newest)):
            if len(found) >= limit or room <= 0:
                break
            found[number] = lines
            room -= sum(map(len, lines))
        return [message(found[number]) for number in sorted(found)]
