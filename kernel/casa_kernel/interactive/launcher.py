"""Write the script that CASA's C++ starts, and that becomes the program of a window.

C++ starts it with ``--server=<FIFO>``, and expects the program's address in that FIFO.
"""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager, nullcontext, suppress
from typing import Iterator, Mapping, Optional

from casa_desktop.system import environment

from ..tools import appimages
from ..tools.private_folder import PrivateFolder
from ..tools.thread_room import prove_room
from .fifo_folder import FifoPlace
from .restarted_calls import restarted
from .window_closing import reap

# Descriptor 9 stays open in the program and is never used: end-of-file on the FIFO means that the program has ended. If
# the process id cannot be registered because the disk is full, the program does not start: it would outlive a kernel
# that is killed. A FIFO opened for both directions opens at once, also if the kernel, its reader, has just been killed.
_SCRIPT = """\
#!/bin/sh
exec 9<>{life}
printf '%s %s %s\\n' $$ {events} "${{1#--server=}}" >&9
echo $$ > {register} || exit 1
{exports}
PATH="$PATH:/usr/bin:/bin"
{command}
"""


class Launcher:
    """The script of one window, and its FIFOs; they exist between ``write`` and ``remove``.

    Attributes:
        path: the script.
        life: the FIFO on which the script announces the program: its process id, the events' address, and the FIFO in
            which CASA expects the program's address.
        messages: another FIFO.
        asked: the process that told CASA the script's path writes its process id here.
        place: sets the folder of CASA's own FIFOs.
    """

    def __init__(self, folder: PrivateFolder, name: str, messages: str) -> None:
        """Name the files.

        Args:
            folder: the private folder of the kernel.
            name: the script's name.
            messages: the suffix of the other FIFO.
        """
        self.path = folder.path / name
        self.life, self.messages, self._register = (
            folder.path / f"{name}.{suffix}" for suffix in ("life", messages, "KILL")
        )
        self.asked = folder.path / "asked"
        self.place = FifoPlace(folder)

    def write(
        self,
        display: Mapping[str, str],
        command: str,
        *,
        events: str = "-",
        env: Optional[Mapping[str, str]] = None,
    ) -> None:
        """Make the FIFOs, and write the script.

        Args:
            display: the variables that put the program on the desktop.
            command: the shell commands that run the program; ``$@`` is what CASA gives it.
            events: the shell word for the address at which CASA expects the window's events.
            env: the program's whole environment, if it is none of CASA's tools.

        Raises:
            OSError: there is no room.
        """
        for fifo in (self.life, self.messages):
            os.mkfifo(fifo, 0o600)
        # CASA's C++ starts the script with the environment of this process and its own TMPDIR.
        wanted = appimages.environment(os.environ, display) if env is None else env
        self.path.write_text(
            _SCRIPT.format(
                life=shlex.quote(str(self.life)),
                events=events,
                register=shlex.quote(str(self._register)),
                exports=environment.shell_lines(self.place.inherited(os.environ), wanted),
                command=command,
            )
        )

    @contextmanager
    def awaited(self, *, is_there: bool = False) -> Iterator[None]:
        """Let CASA start the program and wait for its address within a with block.

        Args:
            is_there: CASA has the program already, makes no FIFO, and may wait for hours.

        Raises:
            Shortage: there is no memory for the threads with which CASA talks to the program; without them it would
                wait for ever, and no interrupt would end that.
        """
        prove_room()
        with restarted(), nullcontext() if is_there else self.place.within():
            yield

    def when_started(self) -> None:
        """Undo what was needed for the program's start; called in another thread as soon as it has started.

        CASA never waits for the process that it has asked for the script's path, which would be a zombie until the
        kernel ends (casatools 6.7.0, ``grpcInteractiveClean.cc``).
        """
        self.place.give_back()
        # The disk may have been full.
        with suppress(OSError, ValueError):
            pid = int(self.asked.read_text())
            self.asked.unlink()
            reap(pid)

    def remove(self) -> None:
        """Remove the files. Without the script, CASA starts no program and does not wait."""
        for path in (self.path, self._register, self.life, self.messages):
            with suppress(FileNotFoundError):
                path.unlink()
