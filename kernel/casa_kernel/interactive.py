"""Interactive tclean: the mask editor that CASA's C++ starts by itself, on the desktop, and its end.

How CASA does it (casatools 6.7.0, ``synthesis/ImagerObjects/grpcInteractiveClean.cc``): C++ runs
``<python> -m casaviewer --app-path``, reads a path from it, starts that path with ``--server=<FIFO> …``, reads
the viewer's address from the FIFO and waits in C++ for the viewer's answer. The interpreter it takes is the one
it was given while casatools was imported. It is given a script of ours, which names another script of ours,
which becomes the viewer, with the desktop's display and preferences of its own.

What it does not do, and what is done about it here:

- SIGINT does not interrupt the wait, but the viewer's end does. A thread waits for SIGINT in place of the blocked
  interpreter and kills the viewer; the interpreter raises KeyboardInterrupt as soon as it is back.
- It looks whether the viewer still lives only when it closes a panel. So the viewer is ended just before that.
- To the viewer, closing its window and pressing its red cross are one, and the window stays until CASA closes it. The
  request to close it, which the window manager sends, is seen by ``closing``.
- It keeps what it knows of a panel by the panel's number, beyond the viewer's end, and aborts the whole process
  when another viewer gives the number again; and every viewer gives the same numbers in the same order. So the
  viewer's address is passed on to it only after as many numbers were used up as there were viewers before.
"""

from __future__ import annotations

import os
import select
import shlex
import signal
import socket
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Callable, Iterable, Iterator, List, Mapping, Optional, Set

from . import preferences
from .children import PrivateFolder, start
from .errors import ViewerLost

# Descriptor 9 stays open in the viewer and is never used: end-of-file on the FIFO is the viewer's end.
_LAUNCHER = """\
#!/bin/sh
exec 9>{life}
echo $$ > {register}
printf '%s %s\\n' $$ "${{1#--server=}}" >&9
shift
{exports}
PATH="$PATH:/usr/bin:/bin"
exec setsid {program} --server={address} "$@" --cachedir={cache}
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

    def __init__(self, folder: PrivateFolder, use_up: Callable[[str, int], None]) -> None:
        """Write the script that CASA is to take for Python.

        Args:
            folder: this kernel's own.
            use_up: makes the viewer at an address use up so many panel numbers; errors are its own business.
        """
        self._folder, private = folder, folder.path
        self._use_up = use_up
        self._viewers = 0
        self._watch: Optional[_Watch] = None
        self._address = private / "mask-editor.address"
        self.python = private / "python"
        self._launcher = private / "mask-editor"
        self._life = private / "mask-editor.life"
        self._register = private / "mask-editor.pid"
        self._cache = private / "mask-editor.cache"
        launcher, python = shlex.quote(str(self._launcher)), shlex.quote(sys.executable)
        _write_script(self.python, _PYTHON.format(launcher=launcher, python=python))

    @contextmanager
    def session(self, task: str, program: Path, display: Mapping[str, str]) -> Iterator[None]:
        """Provide for the mask editor of one call of ``task`` within a with block, and end it afterwards.

        Args:
            task: its name, for messages.
            program: casaviewer, unpacked.
            display: the variables that put it on the desktop.

        Raises:
            KeyboardInterrupt: the kernel was interrupted, or the window closed.
            ViewerLost: the viewer ended otherwise than by its own window's buttons.
        """
        self._prepare(program, display)
        watch = self._watch = _Watch(self._life, self._address, self._use_up, self._viewers)
        requests: List[str] = []
        try:
            with self._closing_requests(display, requests):
                yield
        finally:
            self._watch = None
            watch.close()
            self._viewers += watch.viewers
            for path in (self._register, self._life, self._address):
                if path.exists():
                    path.unlink()
        if watch.interrupted:
            raise KeyboardInterrupt
        if watch.closed(requests):
            raise KeyboardInterrupt(f"The window of {task} was closed.")
        if watch.lost:
            raise ViewerLost(task)

    @contextmanager
    def _closing_requests(self, display: Mapping[str, str], found: List[str]) -> Iterator[None]:
        """Put into ``found`` the process ids whose windows were asked to close within a with block."""
        argv = [sys.executable, str(Path(__file__).with_name("closing.py"))]
        child = start(self._folder, "closing", argv, {**os.environ, **display}, server=False)
        try:
            yield
            found.extend(child.output().split())
        finally:
            child.stop()

    def end_viewer(self) -> None:
        """End the viewer, if there is one, before CASA closes its panel."""
        if self._watch is not None:
            self._watch.end_viewer()

    def _prepare(self, program: Path, display: Mapping[str, str]) -> None:
        preferences.write(self._cache, preferences.MASK_EDITOR)
        for fifo in (self._life, self._address):
            os.mkfifo(fifo, 0o600)
        exports = {**display, "QT_QPA_PLATFORM": "xcb"}
        _write_script(
            self._launcher,
            _LAUNCHER.format(
                life=shlex.quote(str(self._life)),
                register=shlex.quote(str(self._register)),
                exports="\n".join(f"export {name}={shlex.quote(value)}" for name, value in exports.items()),
                program=shlex.quote(str(program)),
                address=shlex.quote(str(self._address)),
                cache=shlex.quote(str(self._cache)),
            ),
        )


def _write_script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o700)


class _Watch:
    """A thread that knows when the viewer starts and ends, introduces it to CASA, and kills it when told.

    Attributes:
        interrupted: SIGINT came.
        lost: the viewer ended before it was told to.
        viewers: how many there were.
    """

    def __init__(self, life: Path, address: Path, use_up: Callable[[str, int], None], former: int) -> None:
        self.interrupted = self.lost = False
        self.viewers = 0
        self._use_up, self._earlier = use_up, former
        self._ending = self._closing = False
        self._gone = threading.Event()
        self._gone.set()
        self._pid: Optional[int] = None
        self._server: Optional[Path] = None
        self._relay: Optional[threading.Thread] = None
        self._pids: Set[str] = set()
        self._fifos = (life, address)
        self._life, self._address = (_open_fifo(fifo) for fifo in self._fifos)
        # asyncio wants both ends not to block.
        self._wake, self._wakened = socket.socketpair()
        for each in (self._wake, self._wakened):
            each.setblocking(False)
        self._former_wakeup = _set_wakeup(self._wakened.fileno())
        self._thread = threading.Thread(target=self._run, name="casa-mask-editor", daemon=True)
        self._thread.start()

    def end_viewer(self) -> None:
        """End the viewer if there is one, and wait for its end."""
        self._ending = True
        self._wakened.send(b"\0")
        self._gone.wait()

    def closed(self, requests: Iterable[str]) -> bool:
        """Tell whether one of the process ids whose windows were to close is a viewer's."""
        return not self._pids.isdisjoint(requests)

    def close(self) -> None:
        """Give signals back to whom they belonged, and leave nothing of the viewer."""
        _set_wakeup(self._former_wakeup)
        self._closing = True
        self.end_viewer()
        self._thread.join()
        if self._server is not None and self._server.exists():
            self._free_relay(self._server)
            # CASA makes this FIFO to learn the viewer's address, and leaves it behind.
            self._server.unlink()
        for descriptor in (self._life, self._address):
            os.close(descriptor)
        self._wake.close()
        self._wakened.close()

    def _free_relay(self, server: Path) -> None:
        """Let the relay go if CASA never listened to it."""
        if self._relay is not None:
            reader = _open_fifo(server)
            self._relay.join()
            os.close(reader)

    def _run(self) -> None:
        while True:
            ready = select.select([self._life, self._address, self._wake.fileno()], [], [])[0]
            if self._wake.fileno() in ready:
                self._woken()
            if self._life in ready:
                self._heard()
            if self._address in ready:
                self._introduce(os.read(self._address, 4096).decode().strip())
            if self._closing and self._pid is None:
                return

    def _woken(self) -> None:
        """Read what the signal handlers and we ourselves wrote, and act on it."""
        numbers = self._wake.recv(64)
        if self._former_wakeup >= 0:
            os.write(self._former_wakeup, numbers.replace(b"\0", b""))
        self.interrupted = self.interrupted or signal.SIGINT in numbers
        self._kill_if_due()

    def _heard(self) -> None:
        """Read what the launcher wrote, or notice the viewer's end."""
        said = os.read(self._life, 4096)
        # CASA may start another viewer, and a FIFO that has lost its writer stays at end-of-file until reopened.
        if not said:
            os.close(self._life)
            self._life = _open_fifo(self._fifos[0])
            self._ended()
            return
        pid, _, server = said.decode().strip().split("\n")[-1].partition(" ")
        self._pid, self._server, self._relay = int(pid), Path(server), None
        self._pids.add(pid)
        self.viewers += 1
        self._gone.clear()
        self._kill_if_due()

    def _ended(self) -> None:
        _reap(self._pid)
        self.lost = self.lost or not (self._ending or self.interrupted)
        # Otherwise CASA would wait for an address for ever.
        self._introduce("")
        self._pid = None
        self._gone.set()

    def _introduce(self, address: str) -> None:
        """Pass the viewer's address on to CASA, once; an empty one says that there is no viewer."""
        server = self._server
        if self._relay is None and server is not None:
            earlier = self._earlier + self.viewers - 1

            def relay() -> None:
                if address:
                    self._use_up(address, earlier)
                # Opening it waits for CASA, which takes two seconds before it looks.
                server.write_text(address + "\n")

            self._relay = threading.Thread(target=relay, name="casa-mask-editor-relay", daemon=True)
            self._relay.start()
        if address:
            # It has lost its writer, and would stay at end-of-file.
            os.close(self._address)
            self._address = _open_fifo(self._fifos[1])

    def _kill_if_due(self) -> None:
        # Killed rather than terminated: it has nothing to save, and the interpreter waits for its end.
        if self._pid is not None and (self.interrupted or self._ending):
            # It may have ended by itself; the FIFO is about to tell.
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)


def _open_fifo(path: Path) -> int:
    # Not blocking, because there may never be a viewer.
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def _reap(pid: Optional[int]) -> None:
    if pid is not None:
        # CASA's C++, whose child it is, may be quicker.
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _set_wakeup(descriptor: int) -> int:
    """Have the numbers of arriving signals written to ``descriptor``; return what was set before."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread gets SIGINT, and only it may set this.
        return -1
    return signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)
