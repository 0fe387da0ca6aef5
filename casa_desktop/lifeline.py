"""What a container and its launcher outside say to each other, over a unix socket in a folder that both see.

Each side says words: a JSON array of a kind and a value, one a line. This module knows how they are written and what
they are, but for ``ask`` without any I/O.

The first word of a connection tells what it is. Of the *lifeline*, which lasts as long as the container does::

    inside  → outside   ["inside", null]       the container is there
    outside → inside    ["hold", null]         with a descriptor that holds the folder's lock, to be kept
    outside → inside    ["signal", 2]          for the program inside
    inside  → outside   ["ended", 0]           the program has ended, with this status as Python tells it

Its end is a word too: outside gone, everything inside must end; inside gone, there is no container any more. And of a
question, which any program inside may ask on a connection of its own::

    inside  → outside   ["ensure", {"name": "main", "settings": {…}, "timeout": 20}]
    outside → inside    ["done", null]         or ["failed", {"kind": "XServerMissing", "text": "…"}]

A supervisor in a container has one word for whoever waits for it: ``["report", {…}]``.
"""

from __future__ import annotations

import json
from typing import Any, List, NamedTuple, Optional

from .errors import LinkFailed
from .runtime import OUTSIDE_VARIABLE
from .stored import parsed
from .unixsockets import connected

# Where programs inside find the socket.
VARIABLE = OUTSIDE_VARIABLE
# The same for a kernel that has no more than a network of its own: its porter's (``porter``).
PORTER_VARIABLE = "CASA_DESKTOP_PORTER"
LONGEST_LINE = 65_536


class Word(NamedTuple):
    """One word.

    Attributes:
        kind: what it is.
        value: whatever JSON can hold; each kind has its own form.
    """

    kind: str
    value: Any = None

    @property
    def number(self) -> Optional[int]:
        """Its value if that is a whole number, else None."""
        return self.value if type(self.value) is int else None


def encode(word: Word) -> bytes:
    """Return the word as it is sent."""
    return json.dumps(list(word)).encode() + b"\n"


class Decoder:
    """Makes words of what is received, in whatever pieces it comes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, received: bytes) -> List[Word]:
        """Return the words that are complete now.

        Raises:
            ValueError: it is no word, or one that never ends.
        """
        *lines, self._rest = (self._rest + received).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise ValueError(f"a word of more than {LONGEST_LINE} bytes")
        return [_word(line) for line in lines]


def _word(line: bytes) -> Word:
    found = parsed(line)
    if not isinstance(found, list) or len(found) != 2 or not isinstance(found[0], str):
        raise ValueError(f"no word: {line[:80]!r}")
    return Word(*found)


def ask(path: str, question: Word, timeout: float) -> Word:
    """Put a question to the launcher outside and return its answer.

    Args:
        path: its socket's.
        question: the question.
        timeout: how long it may take, in seconds.

    Raises:
        LinkFailed: nobody answers.
    """
    decoder = Decoder()
    try:
        with connected(path, timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(encode(question))
            while True:
                received = connection.recv(4096)
                words = decoder.feed(received)
                if words:
                    return words[0]
                if not received:
                    raise LinkFailed(path, "it went away")
    except (OSError, ValueError) as error:
        raise LinkFailed(path, str(error) or "it does not answer") from error
