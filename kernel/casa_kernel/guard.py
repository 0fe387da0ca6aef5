"""Wait for a kernel's end, then become the shell that tidies up: ``guard.py PID SCRIPT NAME [WORD...]``.

The end comes as a byte or as the end of the standard input, a pipe from the kernel, or as the end of the process PID.
The pipe alone would not do: what native code has forked from the kernel holds its writing end as well, and may outlive
the kernel by days. It imports nothing of this package, so that it can be run by its path.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from typing import List, Optional

# The same on all of Linux's architectures that Python 3.8 runs on.
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
    """Return when the process ends, our parent, or when the standard input says that it does."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    try:
        life = open_pid(pid)
    except ProcessLookupError:
        return
    # Now the number is the parent's: one that has ended has left us to another process.
    if os.getppid() != pid:
        return
    if life is not None:
        poll.register(life, select.POLLIN)
    poll.poll()


def main(pid: int, script: str, words: List[str]) -> None:
    """Wait, and run the script, whose words begin with its name."""
    # What a terminal or Jupyter sends to the kernel's process group; the shell inherits that they are ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    wait_for_end(pid)
    os.execv("/bin/sh", ["sh", "-c", script, *words])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
