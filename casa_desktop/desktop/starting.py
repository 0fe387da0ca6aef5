"""Start a desktop's supervisor and wait for its report (``desktop.starter`` is the other end of the pipe).

The supervisor is independent from the beginning: it survives an interrupt, which a terminal sends to the whole process
group, and the death of the process that started it.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence

from .. import errors, names
from ..runtime import removal
from ..runtime.directory import Places
from ..runtime.settings import Settings
from ..system import open_folder, threads
from ..system.formatted_error import restored
from ..system.process import read_line
from ..system.pythonpath import seen
from . import cleanup

if TYPE_CHECKING:
    from ..containers.container import Container

# The supervisor itself observes the deadline, and then needs a moment to end the processes that it has started.
LAST_WORD_SECONDS = 8.0


class _Pipe:
    """The pipe on which a supervisor reports."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self._open = [self.reader, self.writer]

    def leave_writing(self) -> None:
        """Close this process's writing end, so that the end of the supervisor can be detected. Safe to call twice."""
        if self.writer in self._open:
            self._open.remove(self.writer)
            os.close(self.writer)

    def has_writer(self) -> bool:
        """Return whether a process still has the writing end open, and may report."""
        self.leave_writing()
        poller = select.poll()
        poller.register(self.reader, select.POLLIN)
        return not any(events & select.POLLHUP for _, events in poller.poll(0))

    def close(self) -> None:
        while self._open:
            os.close(self._open.pop())


def supervised(
    at: Places, settings: Settings, deadline: float, container: Optional[Container], locks: Sequence[int]
) -> Dict[str, Any]:
    """Start a supervisor in the folder that was just created; if it does not start, remove the folder.

    Args:
        at: the desktop's paths.
        settings: the user's choices.
        deadline: in seconds of ``time.monotonic()``.
        container: where the desktop runs; None for this machine.
        locks: descriptors of the roots' locks. The supervisor holds the locks as well, until it reports.

    Returns:
        The supervisor's report: empty, or what ``described`` says of an exception.

    Raises:
        StartFailed, StartTimeout: there was no report.
        OSError: the supervisor could not be started.
    """
    folder = open_folder.opened(at.folder)
    try:
        report = _run_supervisor(at, settings, deadline, container, locks)
        if report.get("error"):
            # The supervisor may still hold the lock of the folder for a moment.
            removal.clear(at.folder, folder)
        return report
    except (errors.StartFailed, OSError):
        # The supervisor could not clean up itself.
        removal.clear(at.folder, folder)
        raise
    finally:
        os.close(folder)


def _run_supervisor(
    at: Places, settings: Settings, deadline: float, container: Optional[Container], locks: Sequence[int]
) -> Dict[str, Any]:
    """Start a supervisor, on this machine or in a container, and return its report."""
    seconds = max(deadline - time.monotonic(), 0.1)
    pipe = _Pipe()
    descriptors = [pipe.writer, *locks]
    try:
        begun = subprocess.Popen(
            _command(at.name, descriptors, seconds, settings, container),
            env={**seen(os.environ), **cleanup.mark(at)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=descriptors,
            cwd="/",
            # Its own session from the start: it can detach itself only after its imports, which take 0.1 s.
            start_new_session=True,
        )
        pipe.leave_writing()
        line = _awaited(begun, pipe, deadline + LAST_WORD_SECONDS)
        return _parsed(line, at.name, seconds)
    except (KeyboardInterrupt, SystemExit, errors.StartTimeout):
        if not pipe.has_writer():
            # The supervisor has not begun, or was killed. If it has reported meanwhile, it holds the folder's lock, and
            # ``clear`` does nothing.
            removal.clear(at.folder)
        raise
    finally:
        pipe.close()


def _awaited(begun: subprocess.Popen[bytes], pipe: _Pipe, deadline: float) -> Optional[bytes]:
    """Return the supervisor's line, and reap the process that was started; it ends when it has detached itself."""
    try:
        line = read_line(pipe.reader, deadline)
    except KeyboardInterrupt:
        # The process is just beginning, and an interrupt must not wait for it.
        threads.start(begun.wait)
        raise
    if line is None:
        # If it has not detached itself, waiting for it would block. A supervisor that has, and is only late, survives.
        begun.kill()
    begun.wait()
    return line


def _command(
    name: str, descriptors: Sequence[int], seconds: float, settings: Settings, container: Optional[Container]
) -> List[str]:
    module = names.SUPERVISOR if container is None else names.CONTAINED_DESKTOP
    words = [name, ",".join(map(str, descriptors)), str(seconds), json.dumps(asdict(settings))]
    described = [] if container is None else [json.dumps(container.as_dict())]
    return [sys.executable, "-m", module, *words, *described]


def _parsed(line: Optional[bytes], name: str, seconds: float) -> Dict[str, Any]:
    if line is None:
        raise errors.StartTimeout(name, seconds, "the supervisor")
    if not line:
        raise errors.StartFailed(name, "its supervisor ended without a word")
    report: Dict[str, Any] = json.loads(line)
    return report


def reported(report: Mapping[str, Any]) -> errors.CasaDesktopError:
    """Return the error that another process reported; a StartFailed if its class is unknown here."""
    kind = getattr(errors, report["kind"], None)
    if not isinstance(kind, type) or not issubclass(kind, errors.CasaDesktopError):
        kind = errors.StartFailed
    return restored(kind, report)
