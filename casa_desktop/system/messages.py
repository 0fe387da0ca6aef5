"""The messages between a container and its launcher outside, over a unix socket in a folder that both can access.

A message is a line with a JSON array of a kind and a value. This module defines the messages and their encoding; only
``ask`` does I/O.

The first message of a connection determines its purpose. The *lifeline* is the connection that lasts as long as the
container::

    inside  → outside   ["inside", null]       the container runs
    outside → inside    ["hold", null]         with a descriptor that holds the folder's lock, to be kept open
    outside → inside    ["signal", 2]          for the program inside
    inside  → outside   ["ended", 0]           the program has ended, with this status in Python's convention

The end of the connection is a message, too: when the side outside has gone, all processes inside must end; when the
side inside has gone, the container has ended. The other purpose is a request. Any program inside may send one, on its
own connection::

    inside  → outside   ["ensure", {"name": "main", "settings": {…}, "timeout": 20}]
    outside → inside    ["done", null]         or ["failed", {"kind": "XServerMissing", "text": "…", "values": {…}}]

A kernel may also ask for a process that serves a desktop's page. The launcher or the host helper hands the connection
over to that process, and the two of them go on (``desktop.page_process``)::

    inside  → outside   ["page", "main"]

A supervisor in a container sends one message to the process that waits for it: ``["report", {…}]``.
"""

from __future__ import annotations

import json
from typing import Any, List, NamedTuple, Optional

from ..errors import LinkFailed
from .files import parsed
from .unix_sockets import connected

LONGEST_LINE = 65_536


class Word(NamedTuple):
    """One message.

    Attributes:
        kind: the kind of message.
        value: any JSON value; its form depends on the kind.
    """

    kind: str
    value: Any = None

    @property
    def number(self) -> Optional[int]:
        """The value if it is an integer, else None."""
        return self.value if type(self.value) is int else None


def encode(word: Word) -> bytes:
    """Return the message as a line of bytes."""
    return json.dumps(list(word)).encode() + b"\n"


class Decoder:
    """Decode messages from a stream of bytes, however it is split."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, received: bytes) -> List[Word]:
        """Return the messages that are complete now.

        Raises:
            ValueError: a line is not a message, or is longer than ``LONGEST_LINE`` bytes.
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
    """Send a request to the launcher outside and return its answer.

    Args:
        path: path of the launcher's socket.
        question: the request.
        timeout: how long the answer may take, in seconds.

    Raises:
        LinkFailed: there was no answer.
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
