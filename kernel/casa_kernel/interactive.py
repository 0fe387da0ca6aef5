"""Interactive tclean: the mask editor that CASA's C++ starts by itself, on the desktop, and its end.

How CASA does it (casatools 6.7.0): C++ runs ``<python> -m casaviewer --app-path``, reads a path from it, starts
that path with ``--server=<FIFO> …`` and waits for the viewer's answer in C++. The interpreter it takes is the
one it was given while casatools was imported. It is given a script of ours, which names another script of
ours, which becomes the viewer, with the desktop's display and preferences of its own.

SIGINT does not interrupt the wait in C++, but the viewer's end does. So a thread waits for SIGINT in place of
the blocked interpreter and kills the viewer; the interpreter raises KeyboardInterrupt as soon as it is back.
"""

from __future__ import annotations

import gc
import os
import select
import shlex
import signal
import socket
import sys
import threading
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Mapping, Optional

from . import preferences
from .errors import ViewerLost

# Descriptor 9 stays open in the viewer and is never used: end-of-file on the FIFO is the viewer's end.
_LAUNCHER = """\
#!/bin/sh
exec 9>{life}
echo $$ > {register}
printf '%s %s\\n' $$ "${{1#--server=}}" >&9
{exports}
exec setsid {program} "$@" --cachedir={cache}
"""

_PYTHON = """\
#!/bin/sh
case "$*" in
"-m casaviewer --app-path") echo {launcher} ;;
*) exec {python} "$@" ;;
esac
"""


class MaskEditor:
    """The mask editor of one kernel.

    Attributes:
        python: what casatools must take for the interpreter when it is imported.
    """

    def __init__(self, private: Path) -> None:
        self.python = private / "python"
        self._launcher = private / "mask-editor"
        self._life = private / "mask-editor.life"
        self._register = private / "mask-editor.pid"
        self._cache = private / "mask-editor.cache"
        _write_script(self.python, _PYTHON.format(launcher=shlex.quote(str(self._launcher)), python=shlex.quote(sys.executable)))

    @contextmanager
    def session(self, task: str, program: Path, display: Mapping[str, str]) -> Iterator[None]:
        """Provide for the mask editor of one call of ``task`` within a with block, and end it afterwards.

        Args:
            task: its name, for messages.
            program: casaviewer, unpacked.
            display: the variables that put it on the desktop.

        Raises:
            KeyboardInterrupt: the kernel was interrupted.
            ViewerLost: the viewer ended otherwise than by its own window's buttons.
        """
        self._prepare(program, display)
        watch = _Watch(self._life)
        try:
            yield
        except KeyboardInterrupt as interrupt:
            # The frames hold CASA's imagers, and those hold locks on images and MeasurementSet.
            traceback.clear_frames(interrupt.__traceback__)
            gc.collect()
            raise
        finally:
            watch.close()
            self._register.unlink() if self._register.exists() else None
            self._life.unlink()
        if watch.interrupted:
            raise KeyboardInterrupt
        if watch.lost:
            raise ViewerLost(task)

    def _prepare(self, program: Path, display: Mapping[str, str]) -> None:
        preferences.write(self._cache, preferences.MASK_EDITOR)
        os.mkfifo(self._life, 0o600)
        exports = {**display, "QT_QPA_PLATFORM": "xcb"}
        _write_script(self._launcher, _LAUNCHER.format(
            life=shlex.quote(str(self._life)),
            register=shlex.quote(str(self._register)),
            exports="\n".join(f"export {name}={shlex.quote(value)}" for name, value in exports.items()),
            program=shlex.quote(str(program)),
            cache=shlex.quote(str(self._cache)),
        ))


def _write_script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o700)


class _Watch:
    """A thread that knows when the viewer starts and ends, and kills it when the kernel is interrupted.

    Attributes:
        interrupted: SIGINT came.
        lost: the viewer ended before it was told to.
    """

    def __init__(self, life: Path) -> None:
        self.interrupted = self.lost = False
        self._pid: Optional[int] = None
        self._server: Optional[Path] = None
        self._closing = False
        self._fifo = life
        self._life = self._open_life()
        # asyncio wants both ends not to block.
        self._wake, self._wakened = socket.socketpair()
        for each in (self._wake, self._wakened):
            each.setblocking(False)
        self._former = _set_wakeup(self._wakened.fileno())
        self._thread = threading.Thread(target=self._run, name="casa-mask-editor", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give signals back to whom they belonged, end the viewer if it is there, and wait for its end."""
        _set_wakeup(self._former)
        self._closing = True
        self._wakened.send(b"\0")
        self._thread.join()
        if self._server is not None and self._server.exists():
            # CASA makes this FIFO to learn the viewer's address, and leaves it behind.
            self._server.unlink()
        os.close(self._life)
        self._wake.close()
        self._wakened.close()

    def _run(self) -> None:
        while True:
            ready = select.select([self._life, self._wake.fileno()], [], [])[0]
            if self._wake.fileno() in ready and self._woken():
                self._kill()
            if self._life in ready and not self._heard():
                self.lost = self.lost or not (self._closing or self.interrupted)
            if self._closing and self._pid is None:
                return

    def _woken(self) -> bool:
        """Read what the signal handlers wrote; tell whether the viewer is to end."""
        numbers = self._wake.recv(64)
        if self._former >= 0:
            os.write(self._former, numbers.replace(b"\0", b""))
        self.interrupted = self.interrupted or signal.SIGINT in numbers
        return self.interrupted or self._closing

    def _heard(self) -> bool:
        """Read what the launcher wrote; return False at the viewer's end."""
        said = os.read(self._life, 4096)
        if not said:
            _reap(self._pid)
            self._pid = None
            # CASA may start another viewer, and a FIFO that has lost its writer stays at end-of-file until reopened.
            os.close(self._life)
            self._life = self._open_life()
            return False
        pid, _, server = said.decode().strip().split("\n")[-1].partition(" ")
        self._pid, self._server = int(pid), Path(server)
        if self.interrupted or self._closing:
            self._kill()
        return True

    def _kill(self) -> None:
        # Killed rather than terminated: it would ask nobody and save nothing, and the interpreter waits for it.
        if self._pid is not None:
            try:
                os.kill(self._pid, signal.SIGKILL)
            except ProcessLookupError:
                # It ended by itself; the FIFO is about to tell.
                pass

    def _open_life(self) -> int:
        # Not blocking, because there may never be a viewer.
        return os.open(self._fifo, os.O_RDONLY | os.O_NONBLOCK)


def _reap(pid: Optional[int]) -> None:
    if pid is not None:
        try:
            os.waitpid(pid, 0)
        except ChildProcessError:
            # CASA's C++, whose child it is, was quicker.
            pass


def _set_wakeup(descriptor: int) -> int:
    """Have the numbers of arriving signals written to ``descriptor``; return what was set before."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread gets SIGINT, and only it may set this.
        return -1
    return signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)
