"""The supervisor's connection to the process that has started the desktop. That process may end at any time.

The starter (``desktop.starting``) waits for one line of JSON on a pipe. It has locked the roots, so that no other
process starts or ends desktops meanwhile. The supervisor holds these locks as well, until it reports. So if the starter
is killed, the next starter waits for the desktop that is being started, and finds it.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any, Mapping

from .. import names
from ..errors import LinkFailed
from ..system import messages

# The argument that replaces the descriptors in a container: there the launcher outside has them.
IN_CONTAINER = "-1"
# How long that launcher may take to receive the report.
LAUNCHER_SECONDS = 3.0


class Starter:
    """The process that waits for the start of a desktop.

    Args:
        descriptors: descriptor numbers, separated by commas: first the pipe, then the roots' locks.
    """

    def __init__(self, descriptors: str) -> None:
        self._pipe, *self._locks = map(int, descriptors.split(","))

    def report(self, words: Mapping[str, Any]) -> None:
        """Release the roots' locks and send the report; ignore that the starter may have ended.

        Args:
            words: what ``described`` says of an exception; empty after success.
        """
        while self._locks:
            os.close(self._locks.pop())
        with suppress(OSError), os.fdopen(self._pipe, "w") as pipe:
            pipe.write(json.dumps(words) + "\n")


def report(descriptors: str, words: Mapping[str, Any]) -> None:
    """Send the report to the starter, or to the launcher outside of our container, which forwards it to the starter.

    Args:
        descriptors: as for ``Starter``, or ``IN_CONTAINER``.
        words: as for ``Starter.report``.
    """
    launcher = os.environ.get(names.OUTSIDE)
    if descriptors != IN_CONTAINER:
        Starter(descriptors).report(words)
    elif launcher:
        # If the launcher has gone, the container ends anyway; a slow launcher must not end the desktop.
        with suppress(LinkFailed):
            messages.ask(launcher, messages.Word("report", dict(words)), LAUNCHER_SECONDS)


def detach() -> None:
    """Detach from the parent by fork and setsid(2), so that the starter keeps no zombie of this process."""
    if os.fork():
        os._exit(0)
    os.setsid()
