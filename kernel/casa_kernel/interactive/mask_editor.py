"""Put the mask editor of interactive tclean, which CASA's C++ starts by itself, on the desktop, and end it.

How CASA does it (casatools 6.7.0, ``synthesis/ImagerObjects/grpcInteractiveClean.cc``): C++ runs ``<python> -m
casaviewer --app-path``, reads a path from it, and starts that path with ``--server=<FIFO> …``. It reads the viewer's
address from the FIFO and waits in C++ for the viewer's answer. ``<python>`` is the interpreter that casatools was given
when it was imported. We give it a script of ours, which answers with its own path; when C++ runs that path, the script
becomes the viewer, with the desktop's display and its own preferences.

What CASA does not do, and what is done about it here:

- SIGINT does not interrupt the wait, but the viewer's end does. A thread waits for SIGINT in place of the blocked
  interpreter and kills the viewer; the interpreter raises KeyboardInterrupt as soon as C++ returns.
- CASA waits for ever for a viewer that is stopped (SIGSTOP). So the cell reports that it is stopped.
- CASA notices the viewer's end only when it closes a panel. So the viewer is ended just before that.
- The viewer does not distinguish between a closed window and its red cross, and the window stays until CASA closes it.
  So ``interactive.close_requests`` observes the request to close that the window manager sends.
- CASA receives the address of a relay in place of the viewer's, if the handwork is kept (``interactive.relay_link``).
- CASA keeps what it knows of a panel under the panel's number, beyond the viewer's end, and aborts the whole process
  when another viewer uses the number again; and all viewers use the same numbers in the same order. So CASA receives
  the viewer's address only after as many numbers were used up as there were viewers before.
"""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator, List, Mapping, Optional, Protocol, Sequence

from casa_desktop.errors import CasaDesktopError
from casa_desktop.system import pythonpath

from ..errors import EditorMissing, NothingRuns, RelayLost, writing
from ..tools import memfd_script, viewer_preferences
from ..tools.private_folder import PrivateFolder
from ..tools.processes import Child
from . import flag_display
from .launcher import Launcher
from .mask_editor_closing import ViewerWatch
from .programs import command, start_beside
from .relay_link import RelayLink

# The viewer writes its address into our FIFO instead of CASA's.
_COMMAND = """\
shift
exec setsid {program} --server={address} "$@" {preferences}"""

# CASA asks this script for the path of a program, and runs that path. The script answers with its own path, and becomes
# the mask editor or the flag display when CASA runs it.
_PYTHON = """\
#!/bin/sh
case "$*" in
"-m casaviewer --app-path" | "-m casaplotserver --app-path")
    {{ echo $$ >{asked}; }} 2>/dev/null
    echo "$0" ;;
--server=*--event-uri=*) exec /bin/sh {flag_display} "$@" ;;
--server=*) exec /bin/sh {mask_editor} "$@" ;;
*) exec {python} "$@" ;;
esac
"""

# In place of the viewer: what answers CASA's questions from a record. Its own words go into a file.
_COMMAND_OF_A_PLAYER = """\
shift
exec setsid {words} --server={address} >{output} 2>&1"""

_NAME = "mask editor"
# A player's panels have other numbers than any viewer's.
_PLAYERS_PANELS = 1_000_000


class Observer(Protocol):
    """What keeps or replays the handwork of one call; implemented in ``replay``."""

    def before_question(self) -> None:
        """CASA is about to ask for masks."""

    def after_question(self) -> None:
        """CASA has got its answers, and has not used them yet."""

    def hear(self, name: str, result: Any) -> None:
        """A method of CASA's tools has returned something to the task."""


class Keeper(Observer, Protocol):
    """What keeps the handwork of one call."""

    def listen(self, output: Callable[[], str]) -> None:
        """Take what CASA and the viewer say from ``output``, which returns all of it."""

    def fail(self, reason: str) -> None:
        """What CASA and the viewer say cannot be heard."""


class MaskEditor:
    """The mask editor of one kernel.

    Attributes:
        python: the path to give to casatools as its interpreter when it is imported.
    """

    def __init__(self, folder: PrivateFolder, use_up: Callable[[str, int], None]) -> None:
        """Write the script that CASA uses in place of Python.

        Args:
            folder: the private folder of this kernel.
            use_up: called with a viewer's address and a number; makes that viewer use up so many panel numbers, and
                ignores errors.

        Raises:
            NoRoom, Shortage: as ``writing``.
        """
        self._folder, private = folder, folder.path
        self._use_up = use_up
        self._launcher = Launcher(folder, "mask-editor", "address")
        self._viewers = 0
        self._last_look: Callable[[int], None] = lambda _pid: None
        self._watch: Optional[ViewerWatch] = None
        self._missed = False
        # Whether the last editor's image had channels, and whether the last such editor showed its animators.
        self._steps = self._animators = False
        self._observer: Optional[Observer] = None
        self._relay: Optional[RelayLink] = None
        self._keeper: Optional[Keeper] = None
        self._cache = private / "mask-editor.cache"
        text = _PYTHON.format(
            flag_display=shlex.quote(str(private / flag_display.LAUNCHER)),
            mask_editor=shlex.quote(str(self._launcher.path)),
            python=shlex.quote(sys.executable),
            asked=shlex.quote(str(self._launcher.asked)),
        )
        with writing(private):
            self.python, self._runs = memfd_script.script(private / "python", text)
        write = partial(memfd_script.script, private / "python", text)
        folder.when_restored(write)
        folder.keep(private / "python", write)

    def check(self, task: str) -> None:
        """Check that CASA can start the windows for which ``task`` waits.

        Raises:
            NothingRuns: it cannot.
        """
        if not self._runs:
            raise NothingRuns(task, self._folder.path.parent)

    @contextmanager
    def session(
        self,
        task: str,
        program: Path,
        display: Mapping[str, str],
        steps: bool,
        last_look: Callable[[int], None],
        say: Callable[[str], None],
        keeper: Optional[Keeper] = None,
    ) -> Iterator[None]:
        """Make the mask editor available for one call of ``task`` within a with block, and end it afterwards.

        Args:
            task: its name, for messages.
            program: the program of casaviewer, unpacked.
            display: the variables that put it on the desktop.
            steps: its image may have channels to step through. The animators, which do that, are then shown if the user
                has had them shown in the last such editor.
            last_look: called with the viewer's process id, before a viewer that is still running is ended.
            say: called with a message for the user when the viewer is stopped or continues.
            keeper: keeps the handwork. It can fail without any harm to the task.

        Raises:
            KeyboardInterrupt: the kernel was interrupted, or the window was closed.
            ViewerLost: the viewer ended, but not by the buttons of its window.
            RelayLost: the relay ended, and CASA's connection with it.
            EditorMissing: it did not open, or could not be used.
            NoRoom, Shortage: as ``writing``.
        """
        self._last_look, self._missed = last_look, False
        requests: List[str] = []
        with ExitStack() as stack:
            stack.callback(self._launcher.remove)
            if keeper is not None:
                stack.enter_context(self._kept(keeper, display))
            with writing(self._folder.path):
                look = self._look(steps)
                self._prepare(program, display, look)
                watch = self._start_watch(partial(_tell_stop, task, say))
            stack.callback(self._end, watch)
            self._watch = watch
            stack.enter_context(self._closing_requests(display, requests))
            if look is viewer_preferences.MASK_EDITOR:
                stack.callback(self._start_roomier(display).stop)
            yield
            # Known only as long as it is there.
            torn = self._relay is not None and self._relay.has_ended
        if watch.closed(requests) and not watch.interrupted:
            raise KeyboardInterrupt(f"The window of {task} was closed.")
        watch.check(task)
        if self._missed:
            raise RelayLost(task) if torn else EditorMissing(_NAME, provided=True)

    @contextmanager
    def replay(self, task: str, argv: Sequence[str], output: Path, observer: Observer) -> Iterator[None]:
        """Have a program answer for the viewer within a with block; it needs no display.

        Args:
            task: the task's name, for messages.
            argv: the program's command line; the number of its first panel, and ``--server=FIFO``, are added.
            output: the file for what it prints.
            observer: is told what happens; what it raises ends the task.

        Raises:
            KeyboardInterrupt: the kernel was interrupted.
            ViewerLost: the program ended too early.
            EditorMissing: it did not start.
            NoRoom, Shortage: as ``writing``.
        """
        launcher = self._launcher
        with ExitStack() as stack:
            stack.callback(launcher.remove)
            words = shlex.join([*argv, str(_PLAYERS_PANELS + self._viewers)])
            address, file = shlex.quote(str(launcher.messages)), shlex.quote(str(output))
            with writing(self._folder.path):
                command = _COMMAND_OF_A_PLAYER.format(words=words, address=address, output=file)
                launcher.write({}, command, env=pythonpath.seen(os.environ))
                watch = ViewerWatch(
                    launcher.life, launcher.messages, _use_up_none, 0, launcher.when_started, lambda *_: None
                )
            stack.callback(self._end, watch)
            self._watch, self._observer, self._missed = watch, observer, False
            self._last_look = lambda _pid: None
            yield
        watch.check(task)
        if self._missed:
            raise EditorMissing(_NAME, provided=True)

    @contextmanager
    def _kept(self, keeper: Keeper, display: Mapping[str, str]) -> Iterator[None]:
        """Have the handwork kept within a with block; if it cannot be, the keeper is told, and nothing else happens."""
        self._observer = self._keeper = keeper
        try:
            try:
                self._relay = RelayLink(self._folder, display)
                keeper.listen(self._relay.output)
            except (CasaDesktopError, OSError) as error:
                keeper.fail(str(error))
            yield
        finally:
            relay, self._relay, self._observer, self._keeper = self._relay, None, None, None
            if relay is not None:
                relay.close()

    def _for_casa(self, viewer: str) -> str:
        """Return the address that CASA is given for a viewer's: that of a relay, if there is one."""
        if self._relay is None or self._keeper is None:
            return viewer
        try:
            return self._relay.address_for(viewer)
        # CASA waits for an address.
        except Exception as error:  # noqa: BLE001
            self._keeper.fail(str(error))
            return viewer

    def hear(self, name: str, result: Any) -> None:
        """Take what a method of CASA's tools has returned to the task."""
        if self._observer is not None:
            self._observer.hear(name, result)

    def miss(self) -> None:
        """Note that CASA has asked for a mask and got no answer.

        Raises:
            EditorMissing: there was no viewer. If there was one, the reason why it did not answer is known only after
                its end.
        """
        self._missed = True
        if self._watch is None or not (self._watch.viewers or self._watch.interrupted):
            raise EditorMissing(_NAME, provided=self._watch is not None)

    def _start_watch(self, tell: Callable[[int, bool], None]) -> ViewerWatch:
        launcher = self._launcher
        return ViewerWatch(
            launcher.life,
            launcher.messages,
            self._use_up,
            self._viewers,
            launcher.when_started,
            tell,
            self._for_casa,
        )

    def _end(self, watch: ViewerWatch) -> None:
        self._watch = self._observer = None
        watch.close()
        self._viewers += watch.viewers

    @contextmanager
    def _closing_requests(self, display: Mapping[str, str], found: List[str]) -> Iterator[None]:
        """Add to ``found`` the process ids of the windows that were asked to close within a with block."""
        child = start_beside(self._folder, "closing", command("close_requests.py"), display)
        try:
            yield
            found.extend(child.output().split())
        finally:
            child.stop()

    @contextmanager
    def interaction(self) -> Iterator[None]:
        """Let CASA ask for a mask within a with block; its FIFO is in the kernel's folder."""
        observer = self._observer
        if observer is not None:
            observer.before_question()
        with self._launcher.awaited(is_there=self._watch is not None and self._watch.pid is not None):
            yield
        if observer is not None:
            observer.after_question()

    def _start_roomier(self, display: Mapping[str, str]) -> Child:
        return start_beside(self._folder, "roomier", command("editor_size.py", viewer_preferences.SEPARATOR), display)

    def end_viewer(self) -> None:
        """End the viewer, if there is one, before CASA closes its panel."""
        if self._watch is not None:
            if self._watch.pid is not None and not self._watch.interrupted:
                self._last_look(self._watch.pid)
            self._watch.end_viewer()

    def _look(self, steps: bool) -> Mapping[str, str]:
        if self._steps:
            self._animators = viewer_preferences.shows_animators(self._cache)
        self._steps = steps
        if steps and self._animators:
            return viewer_preferences.MASK_EDITOR_WITH_ANIMATORS
        return viewer_preferences.MASK_EDITOR

    def _prepare(self, program: Path, display: Mapping[str, str], look: Mapping[str, str]) -> None:
        viewer_preferences.write(self._cache, look)
        command = _COMMAND.format(
            program=shlex.quote(str(program)),
            address=shlex.quote(str(self._launcher.messages)),
            preferences=shlex.join(viewer_preferences.arguments(self._cache)),
        )
        self._launcher.write(display, command)


def _use_up_none(_address: str, _count: int) -> None:
    """A player has its own numbers."""


def _tell_stop(task: str, say: Callable[[str], None], pid: int, stopped: bool) -> None:
    say(
        f"The window of {task} (process {pid}) is stopped, so {task} waits. Continue it, for instance with "
        f"'kill -CONT {pid}', or interrupt the kernel to give up."
        if stopped
        else f"The window of {task} is no longer stopped."
    )
