"""Wait for a kernel's end, then tidy up: ``kernel_guard.py PID SCRIPT NAME FOLDER INODE``.

The end is a byte or the end of file on standard input, a pipe from the kernel, or the end of the process PID. The pipe
alone is not enough: processes that native code has forked from the kernel hold its writing end as well, and may outlive
the kernel by days. If the kernel has died while its disk was full, this program leaves a note for the next one
(``jupyter.former_kernel``). It then ends the tools that the kernel had started, registered or not, and becomes the
shell script that does all else. It imports nothing of this package, so that it can be run by its path.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Iterator, List, Optional, Set, Tuple

# Links in the folder: to the kernel's working folder, and to where a note for the next kernel belongs.
WORKING_FOLDER, NOTE = "working-folder", "note"
# With less than this, in bytes, a disk is full for CASA (``checks.disk_space``).
_LITTLE = 4 << 20
# The same number on all of Linux's architectures that Python 3.8 runs on.
_SYS_PIDFD_OPEN = 434


def open_pid(pid: int) -> Optional[int]:
    """Return a descriptor that becomes readable when the process ends; None before Linux 5.3.

    Raises:
        ProcessLookupError: there is no such process.
    """
    if hasattr(os, "pidfd_open"):
        try:
            return os.pidfd_open(pid)
        except ProcessLookupError:
            raise
        except OSError:
            return None
    # Python 3.8.
    import ctypes

    descriptor = ctypes.CDLL(None).syscall(_SYS_PIDFD_OPEN, pid, 0)
    return descriptor if descriptor >= 0 else None


def wait_for_end(pid: int) -> None:
    """Wait until the parent process ``pid`` ends, or standard input becomes readable."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    try:
        life = open_pid(pid)
    except ProcessLookupError:
        return
    # The pid still belongs to the parent: if the parent had ended, another process would be ours.
    if os.getppid() != pid:
        return
    if life is not None:
        poll.register(life, select.POLLIN)
    poll.poll()


def was_asked() -> bool:
    """Return whether the kernel has asked for its end, by a byte; no end of file is waited for."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    return any(event & select.POLLIN for _, event in poll.poll(0)) and bool(os.read(0, 1))


def note_full_disk(folder: str) -> None:
    """Note how much room is left on the disk on which a dead kernel worked, if that is little.

    Args:
        folder: the kernel's private folder.
    """
    with suppress(OSError):
        place, note = os.readlink(f"{folder}/{WORKING_FOLDER}"), os.readlink(f"{folder}/{NOTE}")
        # In a process of its own, because a server of files that does not answer must not hold up the rest.
        if not os.fork():
            try:
                _note(place, note)
            finally:
                os._exit(0)


def _note(place: str, note: str) -> None:
    space = os.statvfs(place)
    free = space.f_frsize * (space.f_bavail if os.geteuid() else space.f_bfree)
    if space.f_blocks and free < _LITTLE:
        # It appears as a whole.
        partial = f"{note}.part"
        with open(partial, "wb", opener=lambda path, mode: os.open(path, mode, 0o600)) as file:
            file.write(b"%d %s" % (free, os.fsencode(place)))
        os.replace(partial, note)


def writers(folder: Path) -> Iterator[Tuple[int, int]]:
    """Yield the processes whose standard output is a file in a folder, removed or not, and their groups."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if os.readlink(f"/proc/{name}/fd/1").startswith(f"{folder}/"):
                yield int(name), os.getpgid(int(name))


def asked_to_end(folder: Path) -> Set[int]:
    """Return the groups that are registered in a folder as those of programs that tidy up by themselves."""
    found: Set[int] = set()
    for file in folder.glob("*.TERM"):
        with suppress(OSError, ValueError):
            found.add(int(file.read_text()))
    return found


def end_tools(path: str, inode: str) -> None:
    """End the tools that write into the folder ``path``, if it still has this device and inode or is gone.

    What is registered in the folder is not enough. A kernel starts a tool and then registers it, and may be killed
    between the two. A hub removes the folder of a server that has ended, perhaps before the script has read it.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        pass
    except OSError:
        return
    else:
        if f"{found.st_dev}:{found.st_ino}" != inode:
            # The kernel has made another one, which has a guard of its own.
            return
    folder = Path(os.path.realpath(path))
    asked = asked_to_end(folder)
    for pid, group in writers(folder):
        with suppress(OSError):
            os.kill(pid, signal.SIGTERM if group in asked else signal.SIGKILL)


def main(pid: int, script: str, words: List[str]) -> None:
    """Wait, then replace this process by the script; ``words`` are its name, the folder, and its device and inode."""
    # A terminal or Jupyter sends these to the kernel's process group. The shell inherits that they are ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    wait_for_end(pid)
    if not was_asked():
        note_full_disk(words[1])
    end_tools(*words[1:])
    os.execv("/bin/sh", ["sh", "-c", script, *words])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
