"""The process that has started a desktop, as the desktop's supervisor sees it. It may end at any moment.

The starter (``starting``) waits for one line of JSON on a pipe. It has locked the roots, so that no other process
starts or ends desktops meanwhile. The supervisor holds these locks, too, until it reports: when the starter is killed,
the next one waits for the desktop that is being started, and finds it.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Mapping

# Stands for the descriptors where there are none: the launcher outside has them.
IN_CONTAINER = "-1"


class Starter:
    """The process that waits for a desktop.

    Args:
        descriptors: their numbers, with commas: first that of the pipe, then those of the roots' locks.
    """

    def __init__(self, descriptors: str) -> None:
        self._pipe, *self._locks = map(int, descriptors.split(","))

    def report(self, words: Mapping[str, str]) -> None:
        """Say the one line, and let others start and end desktops; it is no error if nobody is there to hear it.

        Args:
            words: ``error`` and ``kind`` of what has gone wrong; nothing if all is well.
        """
        while self._locks:
            os.close(self._locks.pop())
        with suppress(OSError), os.fdopen(self._pipe, "w") as pipe:
            pipe.write(json.dumps(words) + "\n")


def detach() -> None:
    """Become a child of nobody in particular, so that whoever started us keeps no zombie of us."""
    if os.fork():
        os._exit(0)
    os.setsid()
