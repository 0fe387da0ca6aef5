"""Starts a desktop's supervisor and waits for its report (``starter`` is the other end of the pipe).

The supervisor is independent from its first moment on: neither an interrupt, which a terminal sends to the whole
process group, nor the death of the process that starts it ends it.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from dataclasses import asdict
from typing import Dict, List, Optional, Sequence

from . import errors, folders, reaper, runtime, threads
from .commands import Settings
from .containers import Container
from .ourselves import seen
from .process import read_line
from .runtime import Places

# The supervisor keeps the deadline, and needs a moment to end what it had begun.
LAST_WORD_SECONDS = 8.0


class _Pipe:
    """The pipe on which a supervisor reports."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self._open = [self.reader, self.writer]

    def leave_writing(self) -> None:
        """Close this process's writing end, so that the supervisor's end is seen. Safe to call twice."""
        if self.writer in self._open:
            self._open.remove(self.writer)
            os.close(self.writer)

    def has_writer(self) -> bool:
        """Tell whether a process may still report."""
        self.leave_writing()
        poller = select.poll()
        poller.register(self.reader, select.POLLIN)
        return not any(events & select.POLLHUP for _, events in poller.poll(0))

    def close(self) -> None:
        while self._open:
            os.close(self._open.pop())


def supervised(
    name: str, settings: Settings, deadline: float, container: Optional[Container], at: Places, locks: Sequence[int]
) -> Dict[str, str]:
    """Start a supervisor in the folder that was just made; where it does not start, leave nothing of that.

    Args:
        name: the desktop's.
        settings: choices for it.
        deadline: in seconds of ``time.monotonic()``.
        container: where it runs; None for this machine.
        at: the desktop's paths.
        locks: descriptors of the roots' locks; the supervisor holds them, too, until it reports.

    Returns:
        The supervisor's report: empty, or ``error`` and ``kind``.

    Raises:
        StartFailed, StartTimeout: there was no report.
        OSError: the supervisor could not be started.
    """
    folder = folders.opened(at.folder)
    try:
        report = _run_supervisor(name, settings, deadline, container, at, locks)
        if report.get("error"):
            # It may be holding the folder with its last breath.
            runtime.clear(at.folder, folder)
        return report
    except (errors.StartFailed, OSError):
        # It could not even tidy up.
        runtime.clear(at.folder, folder)
        raise
    finally:
        os.close(folder)


def _run_supervisor(
    name: str, settings: Settings, deadline: float, container: Optional[Container], at: Places, locks: Sequence[int]
) -> Dict[str, str]:
    """Start a supervisor, here or in a container, and return its report."""
    seconds = max(deadline - time.monotonic(), 0.1)
    pipe = _Pipe()
    descriptors = [pipe.writer, *locks]
    try:
        begun = subprocess.Popen(
            _command(name, descriptors, seconds, settings, container),
            env={**seen(os.environ), **reaper.mark(at)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=descriptors,
            cwd="/",
            # Its own session from the start: the imports, before which it cannot detach itself, take 0.1 s.
            start_new_session=True,
        )
        pipe.leave_writing()
        line = _awaited(begun, pipe, deadline + LAST_WORD_SECONDS)
        return _parsed(line, name, seconds)
    except (KeyboardInterrupt, SystemExit, errors.StartTimeout):
        if not pipe.has_writer():
            # Nothing has begun, or it was killed. A desktop that has reported meanwhile holds its folder.
            runtime.clear(at.folder)
        raise
    finally:
        pipe.close()


def _awaited(begun: subprocess.Popen[bytes], pipe: _Pipe, deadline: float) -> Optional[bytes]:
    """Return the supervisor's line, and bury the process that was started, which ends when it has detached itself."""
    try:
        line = read_line(pipe.reader, deadline)
    except KeyboardInterrupt:
        # It is in its first moments, and interrupts are not to be kept waiting.
        threads.start(begun.wait)
        raise
    if line is None:
        # One that has not even detached itself would keep us waiting; one that is late is left alone.
        begun.kill()
    begun.wait()
    return line


def _command(
    name: str, descriptors: Sequence[int], seconds: float, settings: Settings, container: Optional[Container]
) -> List[str]:
    module = "supervisor" if container is None else "outsidedesktop"
    words = [name, ",".join(map(str, descriptors)), str(seconds), json.dumps(asdict(settings))]
    described = [] if container is None else [json.dumps(container.as_dict())]
    return [sys.executable, "-m", f"casa_desktop.{module}", *words, *described]


def _parsed(line: Optional[bytes], name: str, seconds: float) -> Dict[str, str]:
    if line is None:
        raise errors.StartTimeout(name, seconds, "the supervisor")
    if not line:
        raise errors.StartFailed(name, "its supervisor ended without a word")
    report: Dict[str, str] = json.loads(line)
    return report


def reported(report: Dict[str, str]) -> errors.CasaDesktopError:
    """Rebuild an error that another process reported: its kind and its words."""
    kind = getattr(errors, report["kind"], errors.StartFailed)
    error: errors.CasaDesktopError = kind.__new__(kind)
    Exception.__init__(error, report["error"])
    return error
