"""Start and end child processes. Nothing here depends on X or on desktops."""

from __future__ import annotations

import ctypes
import errno
import os
import select
import signal
import subprocess
import time
from typing import IO, TYPE_CHECKING, Iterable, Iterator, Mapping, NamedTuple, Optional, Sequence, Tuple

if TYPE_CHECKING:
    import psutil

_PR_SET_PDEATHSIG = 1
_PR_SET_TIMERSLACK = 29
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def spawn(
    command: Command,
    *,
    log: IO[bytes],
    pass_fds: Sequence[int] = (),
    cwd: Optional[str] = None,
    timer_slack: float = 0,
) -> int:
    """Start ``command`` in its own process group; return its process id.

    The program receives SIGTERM when this process dies. Call this from a process without threads: code runs between
    fork and exec.

    Args:
        command: the program.
        log: open file for the program's standard output and error.
        pass_fds: descriptors that the program inherits.
        cwd: the program's working folder; by default that of this process.
        timer_slack: how much later than due the program's timers may be, in seconds, and those of its children; 0 for
            as much as this process's.

    Raises:
        OSError: the program could not be started.
    """
    parent = os.getpid()

    def in_child() -> None:
        # A blocked signal stays blocked across exec.
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        # Until exec, Python's own handler would take the signal, and the program would outlive its parent.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setpgid(0, 0)
        if timer_slack:
            _libc.prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(round(timer_slack * 1e9)))
        die_with(parent)

    child = subprocess.Popen(
        command.argv,
        env=dict(command.env),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        pass_fds=tuple(pass_fds),
        cwd=cwd,
        preexec_fn=in_child,
    )
    # The caller waits for the child. Without this, subprocess would reap it when the next child is started.
    child.returncode = 0
    return child.pid


def die_with(parent: int) -> None:
    """Arrange that this process receives SIGTERM when ``parent`` dies; for a child between fork and exec."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
    # If the parent died between fork and prctl, the signal would never arrive.
    if os.getppid() != parent:
        os._exit(1)


# The number is the same on all Linux architectures that Python 3.8 supports.
_SYS_PIDFD_OPEN = 434


def open_pid(pid: int) -> Optional[int]:
    """Return a descriptor that becomes readable when the process ends: pidfd_open(2).

    Python has the function ``os.pidfd_open`` from 3.9 on. The result is None before Linux 5.3, and if this process has
    no descriptor left.

    Raises:
        ProcessLookupError: there is no such process.
    """
    descriptor: int = _libc.syscall(_SYS_PIDFD_OPEN, pid, 0)
    if descriptor < 0 and ctypes.get_errno() == errno.ESRCH:
        raise ProcessLookupError(pid)
    return descriptor if descriptor >= 0 else None


def namespace(kind: str, pid: Optional[int] = None) -> str:
    """Return the name of a namespace of a process; empty if this process may not read it.

    Args:
        kind: ``pid``, ``mnt`` or another name of namespaces(7).
        pid: the process id; by default that of this process.
    """
    try:
        return os.readlink(f"/proc/{'self' if pid is None else pid}/ns/{kind}")
    except OSError:
        return ""


def is_stopped(pid: int) -> bool:
    """Return whether a process is stopped by a signal, until SIGCONT continues it."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The second field, the program's name in parentheses, may contain any character; the state follows it.
            return file.read().rpartition(b") ")[2].startswith((b"T", b"t"))
    except OSError:
        return False


def adopt_orphans() -> None:
    """Make this process the parent of its orphaned descendants, so that it can end them."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)


def descendants() -> list[psutil.Process]:
    """Return all living descendants of this process."""
    # Imported here and below, because only the end of a desktop needs it: the supervisor uses less memory until then.
    import psutil

    return [each for each in psutil.Process().children(recursive=True) if each.is_running()]


def belonging(mark: str, session: int) -> list[psutil.Process]:
    """Return the living processes of a container and of its engine, except this one.

    Args:
        mark: text in a value of the environment of the container's processes.
        session: the session of the engine and its helpers.
    """
    return [each for each in _others() if is_in_session(each, session) or _bears(each, mark)]


def _bears(process: psutil.Process, mark: str) -> bool:
    return any(mark in value for value in environment_of(process).values()) and process.is_running()


def _others() -> Iterator[psutil.Process]:
    import psutil

    return (each for each in psutil.process_iter() if each.pid != os.getpid())


def is_in_session(process: psutil.Process, session: int) -> bool:
    """Return whether a process is in a session; a session has the process id of its leader, and 0 means none."""
    try:
        return os.getsid(process.pid) == session != 0
    except OSError:
        return False


def environment_of(process: psutil.Process) -> Mapping[str, str]:
    """Return the variables with which a process was started; none if it has ended, or belongs to another user."""
    import psutil

    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def bearing(variable: str, value: str) -> list[psutil.Process]:
    """Return this user's living processes, except this one, that started with ``value`` in ``variable``."""
    return [each for each in _others() if environment_of(each).get(variable) == value]


def outlast(processes: Iterable[psutil.Process], patience: float, grace: float) -> None:
    """Wait for processes that are about to end; end those that still run after ``patience`` seconds."""
    import psutil

    _, living = psutil.wait_procs(list(processes), timeout=patience)
    end(living, grace)


def end(processes: Iterable[psutil.Process], grace: float) -> None:
    """Terminate ``processes``; kill those that still run after ``grace`` seconds."""
    import psutil

    living = list(processes)
    for each in living:
        _signal(each, signal.SIGTERM)
    _, stubborn = psutil.wait_procs(living, timeout=grace)
    for each in stubborn:
        _signal(each, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=grace)


def resume(process: psutil.Process) -> None:
    """Continue a process that was stopped."""
    _signal(process, signal.SIGCONT)


def _signal(process: psutil.Process, number: int) -> None:
    import psutil

    try:
        process.send_signal(number)
        # A stopped process receives SIGTERM only when it is continued.
        process.send_signal(signal.SIGCONT)
    except psutil.NoSuchProcess:
        pass


def read_line(fd: int, deadline: float) -> Optional[bytes]:
    """Read one line from a pipe.

    Args:
        fd: descriptor of the pipe's reading end.
        deadline: in seconds of ``time.monotonic()``.

    Returns:
        The line without its line end. If the writer closed the pipe first, what had arrived until then, perhaps
        nothing. None if the deadline passed first.
    """
    received = b""
    poller = select.poll()
    poller.register(fd, select.POLLIN | select.POLLHUP)
    while not received.endswith(b"\n"):
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not poller.poll(remaining * 1000):
            return None
        chunk = os.read(fd, 4096)
        if not chunk:
            break
        received += chunk
    return received.rstrip(b"\n")


def on_path(programs: Iterable[str]) -> Optional[str]:
    """Return the path of the first of some programs that is on PATH; None if there is none."""
    # Imported here, because it loads three libraries that compress.
    import shutil

    return next(filter(None, map(shutil.which, programs)), None)


class Command(NamedTuple):
    """A program to run.

    Attributes:
        argv: the program's path and its arguments.
        env: the program's whole environment.
    """

    argv: Tuple[str, ...]
    env: Mapping[str, str]
