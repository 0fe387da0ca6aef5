"""Runs a desktop in a container.

Started as ``python -m casa_desktop.launchers.desktop NAME DESCRIPTORS SECONDS SETTINGS CONTAINER``.

``desktop.lifecycle`` starts this program instead of the supervisor, which runs in the container. It represents the
supervisor outside: it detaches itself, forwards the supervisor's report to the starter, and receives signals for it. It
and the container end together.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, Mapping, Optional

from .. import names
from ..containers import engines
from ..containers.container import Container
from ..desktop import cleanup
from ..desktop.starter import IN_CONTAINER, Starter, detach
from ..errors import CasaDesktopError, RuntimeDirectoryError, StartFailed
from ..runtime import directory, removal
from ..runtime.record import read_record
from ..runtime.rendezvous import Berth, leave, new_berth, occupy
from ..runtime.settings import Settings
from ..system import locks
from ..system.formatted_error import described
from ..system.messages import Word
from ..system.process import namespace
from ..x11 import displays
from .kernel import answer, check_engine, container_command, parsed_container, place_of, run_container
from .shim import Keeper

# A supervisor ends first the programs and then its X server, with up to three seconds for each.
DESKTOP_GRACE = 8.0


class Stand:
    """Represents the supervisor of one desktop outside its container.

    Args:
        name: the desktop's name.
        starter: the process that waits for the supervisor's report.
    """

    def __init__(self, name: str, starter: Starter) -> None:
        self._name, self._starter = name, starter
        self.reported = False

    def report(self, words: Mapping[str, Any]) -> None:
        """Send the report to the starter, which may have ended."""
        self.reported = True
        self._starter.report(words)

    def report_error(self, error: Exception) -> None:
        """Report why the desktop did not start, and remove its folder."""
        # The waiting starter keeps other processes away from the folder.
        removal.clear(directory.places(self._name).folder)
        self.report(described(error))

    def run(self, container: Container, settings: Settings, seconds: float) -> None:
        """Run the desktop from its start to its end.

        Raises:
            CasaDesktopError: the desktop did not start.
        """
        check_engine(container)
        displays.prepare_sockets()
        berth = new_berth()
        lock = occupy(berth)
        own = engines.ENGINES[container.engine].own_displays
        number = displays.claim(self._name) if own else None
        try:
            self._keep(container, replace(settings, display=number, tools_python=""), seconds, berth, lock)
        finally:
            if number is not None:
                displays.release(number)
            leave(berth, lock)
            self._clear()

    def _clear(self) -> None:
        """Remove what is left of a desktop whose container was killed; another process may be doing the same."""
        at = directory.places(self._name, make=False)
        with suppress(OSError, RuntimeDirectoryError), locks.exclusive(at.folder.parent, 1.0):
            record = read_record(at.record)
            if record is not None and record.supervisor_pid == os.getpid() and not locks.is_held(at.folder):
                cleanup.bury(at)
                removal.remove_root_if_empty()

    def _keep(self, container: Container, settings: Settings, seconds: float, berth: Berth, lock: int) -> None:
        keeper_of_it = (str(os.getpid()), namespace("pid"))
        told = [self._name, IN_CONTAINER, str(seconds), json.dumps(asdict(settings)), *keeper_of_it]
        command = container_command(
            container,
            berth,
            ["-m", names.SUPERVISOR, *told],
            place=place_of(os.path.expanduser("~"), os.environ, desktop=True),
            grace=DESKTOP_GRACE,
        )

        def reply(word: Word) -> Optional[Word]:
            if word.kind != "report":
                return answer(word, container)
            self.report(word.value)
            return Word("done")

        keeper = Keeper(command, berth, lock, reply, parent=None, connect_within=seconds)
        run_container(container, berth, keeper)
        if not self.reported:
            raise StartFailed(self._name, f"its supervisor in {container.label} ended without a word")


def main(name: str, descriptors: str, seconds: float, settings: str, container: str) -> int:
    """Run one desktop as the command line asks; return the exit status."""
    detach()
    stand = Stand(name, Starter(descriptors))
    try:
        stand.run(parsed_container(container), Settings(**json.loads(settings)), seconds)
    except (CasaDesktopError, OSError) as error:
        if not stand.reported:
            stand.report_error(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4], sys.argv[5]))
