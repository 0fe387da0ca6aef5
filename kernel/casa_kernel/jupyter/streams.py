"""ipykernel's streams for standard output and error, with a filter for text that C++ writes.

C++, Fortran and child processes write to the file descriptors. Their text comes through a pipe, which a thread of
ipykernel reads. Code that holds the interpreter's lock while the pipe is full would wait for ever, because the thread
needs the lock to read. So a separate process (``jupyter.pipe_reader``) reads the text without a pause and passes it on
to that thread. (Seen with grpc's log under GRPC_VERBOSITY=debug; Cython, f2py and pybind11 hold the lock, too.)
"""

from __future__ import annotations

import codecs
import os
import re
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Collection, Iterable, List, Optional, Sequence, Tuple

from ipykernel.iostream import OutStream

from casa_desktop.system import process, threads

_PIECE = 1 << 16
# Written to a descriptor, with a number of ten digits, to learn when all text before it has arrived; no other text
# begins like this. A mark may be lost: a full pump leaves out what comes, and a killed one loses what it holds.
_MARK = b"\0" + os.urandom(12).hex().encode() + b"\0"
_NUMBERED = re.compile(re.escape(_MARK) + rb"(\d{10})")
_BEGUN = re.compile(re.escape(_MARK) + rb"\d{0,9}")
# How long a cell that has ended waits for the text written in it, in seconds. A full pump takes 4 s.
_SETTLED = 5.0
# The same for a cell after one that waited in vain.
_SETTLED_NEXT = 1.0
# poll(2) reports a pipe as writable when it has room for at least this many bytes.
_ROOM = 4096
# How long to wait for the terminal or the log of the Jupyter server, in milliseconds.
_PATIENCE = 100
# After this many ends of the pump within this many seconds, it is not started again.
_MOST_ENDS, _SECONDS = 5, 10.0


class NativeStream(OutStream):
    """A stream that filters the text that was written to its file descriptor rather than by Python.

    Attributes:
        sort: the filter; returns the text to print. None prints everything.
        heard: called with the stream's name, each text that is printed, and whether it was written to the descriptor.
    """

    sort: Optional[Callable[[str], str]] = None
    heard: Optional[Callable[[str, str, bool], None]] = None
    # The pipes that lead to this stream, with the pump and without.
    pipes: Collection[Tuple[int, int]] = ()
    # The numbers of the last mark that was written, and of the last one that has arrived.
    _sent = _seen = 0
    _met = threading.Condition()

    def write(self, string: str) -> int:
        native = threading.current_thread() is getattr(self, "watch_fd_thread", None)
        if self.sort is not None and native:
            string = self.sort(string)
            if not string:
                return 0
        # Another thread may end the hearing now.
        heard = self.heard
        if heard is not None and isinstance(string, str):
            heard(str(self.name), string, native)
        return super().write(string) or 0

    def settle(self) -> None:
        """Wait until all text written to the descriptor has been printed, at most some seconds."""
        descriptor = getattr(self, "_original_stdstream_fd", None)
        if descriptor is None or not self._is_own(descriptor) or not _has_room(descriptor, 0):
            return
        with self._met, suppress(OSError):
            patience = _SETTLED if self._seen == self._sent else _SETTLED_NEXT
            self._sent += 1
            os.write(descriptor, _MARK + b"%010d" % self._sent)
            self._met.wait_for(lambda: self._seen == self._sent, patience)

    def _is_own(self, descriptor: int) -> bool:
        """Return whether a descriptor still leads here: a cell may have replaced it by a file."""
        try:
            return _pipe(descriptor) in self.pipes
        except OSError:
            return False

    def _watch_pipe_fd(self) -> None:
        """Print the text that comes through the pipe, and copy it to Jupyter's own output. Called by ipykernel."""
        source: int = self._fid or 0
        copy, decoder = _Copy(self._original_stdstream_copy), codecs.getincrementaldecoder("utf-8")(errors="replace")
        held = b""
        try:
            piece = os.read(source, _PIECE)
            while piece and self._should_watch:
                # Texts, and between them the numbers of marks.
                *parts, held = _NUMBERED.split(held + piece)
                held, rest = _split_beginning(held)
                for text in [*parts[::2], rest]:
                    self.write(decoder.decode(text))
                    copy.write(text)
                if parts:
                    with self._met:
                        self._seen = int(parts[-1])
                        self._met.notify_all()
                piece = os.read(source, _PIECE)
        except Exception:  # noqa: BLE001
            # ipykernel shows it when the stream is closed.
            self._exc = sys.exc_info()


def _pipe(descriptor: int) -> Tuple[int, int]:
    """Return the device and inode, which identify the pipe behind a descriptor."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def settle(streams: Iterable[NativeStream]) -> None:
    """Wait until all text written to the streams' descriptors has been printed, at most some seconds."""
    for stream in streams:
        stream.settle()


def _split_beginning(text: bytes) -> Tuple[bytes, bytes]:
    """Return the end of ``text`` that may be the beginning of a mark, and the text before it."""
    for length in range(min(len(_MARK) + 9, len(text)), 0, -1):
        end = text[-length:]
        if _MARK.startswith(end) or _BEGUN.fullmatch(end):
            return end, text[:-length]
    return b"", text


def _has_room(descriptor: int, patience: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(patience))


class _Copy:
    """Writes to a descriptor, and drops text that would block the writer."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._patience = descriptor, _PATIENCE

    def write(self, text: bytes) -> None:
        for start in range(0, len(text), _ROOM):
            if not _has_room(self._descriptor, self._patience):
                # There is no reader; from now on, check for room without waiting.
                self._patience = 0
                return
            self._patience = _PATIENCE
            os.write(self._descriptor, text[start : start + _ROOM])


class Relief:
    """The pump of a kernel's streams; it is restarted when it is killed.

    Raises:
        OSError: it cannot be started; the streams are unchanged then.
    """

    def __init__(self, streams: Sequence[Any]) -> None:
        self._written = [each._original_stdstream_fd for each in streams]
        self._ending = False
        self._sources: List[int] = []
        self._targets: List[int] = []
        # Refers to this process; none before Linux 5.3.
        life = process.open_pid(os.getpid())
        self._life = [] if life is None else [life]
        sinks: List[int] = []
        try:
            for written in self._written:
                self._targets.append(os.dup(written))
                source, sink = os.pipe()
                self._sources.append(source)
                sinks.append(sink)
            self._process = self._start()
            for stream, written, sink, target in zip(streams, self._written, sinks, self._targets):
                stream.pipes = (_pipe(sink), _pipe(target))
                os.dup2(sink, written)
        except OSError:
            for each in (*self._sources, *self._targets, *self._life):
                os.close(each)
            raise
        finally:
            for each in sinks:
                os.close(each)
        threads.start(self._keep)

    def _start(self) -> subprocess.Popen[bytes]:
        pipes = [f"{source}:{target}" for source, target in zip(self._sources, self._targets)]
        words = [*map(str, self._life), *pipes]
        return subprocess.Popen(
            # -S: the pump needs only Python's standard library.
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("pipe_reader.py")), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[*self._sources, *self._targets, *self._life],
            cwd="/",
            # Interrupts are for the kernel, not for the pump.
            start_new_session=True,
        )

    def _keep(self) -> None:
        ends: List[float] = []
        while not self._ending:
            self._process.wait()
            now = time.monotonic()
            ends = [each for each in ends if now - each < _SECONDS] + [now]
            try:
                if len(ends) < _MOST_ENDS and not self._ending:
                    self._process = self._start()
                    continue
            except OSError:
                pass
            self.end()

    def end(self) -> None:
        """Connect the streams' descriptors to ipykernel's thread again. Safe to call twice."""
        if self._ending:
            return
        self._ending = True
        for written, target in zip(self._written, self._targets):
            os.set_blocking(target, True)
            os.dup2(target, written)
