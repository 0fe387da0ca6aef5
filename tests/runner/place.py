"""The place of one worker of a parallel run: a /tmp, a /proc and processes of its own. Run by path, with any Python.

``python place.py FOLDER ARGUMENTS…`` runs ``python ARGUMENTS…`` in such a place, and ends as that does. What is below
its /tmp lies in a new folder of FOLDER. ``python place.py FOLDER -c pass`` tells, by its exit, whether this machine
allows it.

X servers, lock files and sockets of two workers do not meet, nor do their searches for processes, and when a worker
ends, Linux ends everything that it has started. Installed packages can be read and not written. The network is the
machine's: kernels leave it by themselves, and one that found itself in another already would not.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Iterator, List, Optional

_libc = ctypes.CDLL(None, use_errno=True)
# unshare(2), mount(2), prctl(2)
_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWPID = 0x20000, 0x10000000, 0x20000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 0x1, 0x2, 0x4, 0x8
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20, 0x1000, 0x4000, 0x40000
_PR_SET_PDEATHSIG = 1
_TMP = Path("/tmp")


def main(folder: str, *arguments: str) -> int:
    """Make the place, run this Python in it, and return its exit status."""
    own = Path(tempfile.mkdtemp(prefix="tmp-", dir=folder))
    own.chmod(0o1777)
    _unshare()
    child = os.fork()
    if child:
        # Ctrl-C is for the worker, which tells what it did.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return _status(os.waitpid(child, 0)[1])
    # From here on it is the first process of its own.
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    _move_in(own)
    worker = os.fork()
    if worker == 0:
        os.execv(sys.executable, [sys.executable, *arguments])
    os._exit(_bury_until(worker))


def _unshare() -> None:
    uid, gid = os.geteuid(), os.getegid()
    _checked(_libc.unshare(_CLONE_NEWNS | _CLONE_NEWPID | (_CLONE_NEWUSER if uid else 0)))
    if uid:
        for name, line in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            Path("/proc/self", name).write_text(line, encoding="ascii")


def _move_in(own: Path) -> None:
    _mount(None, Path("/"), flags=_MS_REC | _MS_PRIVATE)
    _mount("proc", Path("/proc"), "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    for path in kept(_needed()):
        inside = own / path.relative_to(_TMP)
        inside.mkdir(parents=True)
        _mount(str(path), inside, flags=_MS_BIND | _MS_REC)
    here = os.getcwd()
    sockets = own / ".X11-unix"
    sockets.mkdir()
    sockets.chmod(0o1777)
    _mount(str(own), _TMP, flags=_MS_BIND | _MS_REC)
    packages = Path(sysconfig.get_path("purelib"))
    _mount(str(packages), packages, flags=_MS_BIND)
    _mount(None, packages, flags=_MS_BIND | _MS_REMOUNT | _MS_RDONLY)
    os.chdir(here)


def _needed() -> Iterator[Path]:
    yield from map(Path, (os.getcwd(), sys.prefix, sys.base_prefix, os.environ.get("HOME", "/")))
    yield Path(__file__).resolve().parents[2]


def kept(paths: Iterator[Path]) -> List[Path]:
    """Return those of the folders that another /tmp would hide, without those that lie in another of them; pure."""
    below = sorted({path for path in paths if _TMP in path.parents})
    return [path for path in below if not any(other in path.parents for other in below)]


def _bury_until(worker: int) -> int:
    """Wait for whatever ends, as the first process must, until it is the worker; return its exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        pid, status = os.wait()
        if pid == worker:
            return _status(status)


def _status(status: int) -> int:
    # os.waitstatus_to_exitcode came with Python 3.9.
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _mount(source: Optional[str], target: Path, kind: Optional[str] = None, flags: int = 0) -> None:
    words = (os.fsencode(word) if word else None for word in (source, str(target), kind))
    _checked(_libc.mount(*words, ctypes.c_ulong(flags), None))


def _checked(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
