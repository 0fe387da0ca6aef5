"""Starting and ending child processes. Knows no X and no desktop."""

from __future__ import annotations

import ctypes
import errno
import os
import select
import signal
import subprocess
import time
from typing import IO, TYPE_CHECKING, Iterable, Optional, Sequence

from .commands import Command

if TYPE_CHECKING:
    import psutil

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def spawn(command: Command, *, log: IO[bytes], pass_fds: Sequence[int] = (), cwd: Optional[str] = None) -> int:
    """Start ``command`` in a process group of its own; return its process id. It gets SIGTERM when this process dies.

    Call it from a process without threads: code runs between fork and exec.

    Args:
        command: the program.
        log: open file that takes its standard output and error.
        pass_fds: descriptors that it inherits.
        cwd: its working folder, by default ours.

    Raises:
        OSError: the program could not be started.
    """
    parent = os.getpid()

    def in_child() -> None:
        # A blocked signal stays blocked across exec.
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        # Python's own handler would take it until the program has begun, and the parent's death go unnoticed.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setpgid(0, 0)
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
    # Its end is the caller's to wait for: at the next start subprocess would take it for itself.
    child.returncode = 0
    return child.pid


def die_with(parent: int) -> None:
    """Get SIGTERM when ``parent`` dies; called in a child between fork and exec."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
    # The parent may have died between fork and prctl; then no signal would ever come.
    if os.getppid() != parent:
        os._exit(1)


# The same on all of Linux's architectures that Python 3.8 runs on.
_SYS_PIDFD_OPEN = 434


def open_pid(pid: int) -> Optional[int]:
    """Return a descriptor that becomes readable when the process ends: pidfd_open(2).

    Python has it from 3.9 on. None before Linux 5.3, and where no descriptor is left.

    Raises:
        ProcessLookupError: there is no such process.
    """
    descriptor: int = _libc.syscall(_SYS_PIDFD_OPEN, pid, 0)
    if descriptor < 0 and ctypes.get_errno() == errno.ESRCH:
        raise ProcessLookupError(pid)
    return descriptor if descriptor >= 0 else None


def namespace(kind: str, pid: Optional[int] = None) -> str:
    """Return the name of a namespace of a process, by default of this one; empty where it is not for us to know.

    Args:
        kind: ``pid``, ``mnt`` or another of namespaces(7).
        pid: the process.
    """
    try:
        return os.readlink(f"/proc/{'self' if pid is None else pid}/ns/{kind}")
    except OSError:
        return ""


def is_stopped(pid: int) -> bool:
    """Tell whether a process was stopped by a signal, and runs no further until another lets it go on."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The second field, the program's name, may hold anything; the state comes after it.
            return file.read().rpartition(b") ")[2].startswith((b"T", b"t"))
    except OSError:
        return False


def adopt_orphans() -> None:
    """Make this process the parent of all its orphaned descendants, so that it can end them."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)


def descendants() -> list[psutil.Process]:
    """Return all living descendants of this process."""
    # Imported here and below, because a desktop's end alone needs it, and its supervisor stays small until then.
    import psutil

    return [each for each in psutil.Process().children(recursive=True) if each.is_running()]


def belonging(mark: str, session: int) -> list[psutil.Process]:
    """Return the living processes of a container and of its engine, but this one.

    Args:
        mark: what is in a value of their environment, if they have the container's.
        session: the session that the engine leads, in which its helpers are.
    """
    import psutil

    others = (each for each in psutil.process_iter() if each.pid != os.getpid())
    return [each for each in others if is_in_session(each, session) or _bears(each, mark)]


def marked(mark: str) -> list[psutil.Process]:
    """Return all living processes of this user, but this one, that have ``mark`` in a value of their environment."""
    return belonging(mark, 0)


def is_in_session(process: psutil.Process, session: int) -> bool:
    """Tell whether a process is in a session, which has the number of its leader; 0 is none."""
    try:
        return os.getsid(process.pid) == session != 0
    except OSError:
        return False


def _bears(process: psutil.Process, mark: str) -> bool:
    import psutil

    try:
        return process.is_running() and any(mark in value for value in process.environ().values())
    except (psutil.Error, OSError):
        # It has just gone, or is another user's.
        return False


def bearing(variable: str, value: str) -> list[psutil.Process]:
    """Return all living processes of this user, but this one, that have been given ``value`` in ``variable``."""
    import psutil

    def bears(process: psutil.Process) -> bool:
        try:
            return bool(process.environ().get(variable) == value)
        except (psutil.Error, OSError):
            # It has just gone, or is another user's.
            return False

    return [each for each in psutil.process_iter() if each.pid != os.getpid() and bears(each)]


def outlast(processes: Iterable[psutil.Process], patience: float, grace: float) -> None:
    """Wait for processes that are about to end; end those that have not after ``patience`` seconds."""
    import psutil

    _, living = psutil.wait_procs(list(processes), timeout=patience)
    end(living, grace)


def end(processes: Iterable[psutil.Process], grace: float) -> None:
    """Terminate ``processes``; kill those that are still there after ``grace`` seconds."""
    import psutil

    living = list(processes)
    for each in living:
        _signal(each, signal.SIGTERM)
    _, stubborn = psutil.wait_procs(living, timeout=grace)
    for each in stubborn:
        _signal(each, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=grace)


def resume(process: psutil.Process) -> None:
    """Let a process go on that was stopped."""
    _signal(process, signal.SIGCONT)


def _signal(process: psutil.Process, number: int) -> None:
    import psutil

    try:
        process.send_signal(number)
        # A stopped process takes SIGTERM only when it goes on.
        process.send_signal(signal.SIGCONT)
    except psutil.NoSuchProcess:
        pass


def read_line(fd: int, deadline: float) -> Optional[bytes]:
    """Read one line from a pipe.

    Args:
        fd: the pipe's reading end.
        deadline: in seconds of ``time.monotonic()``.

    Returns:
        The line without its end; what came before the writer closed the pipe, perhaps nothing; or
        None when the deadline passed first.
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
