"""Notice when a child of this process is stopped or continued, with waitid(2) in a separate thread."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Callable

from casa_desktop.system import threads

# os.CLD_STOPPED, which Python 3.8 does not name (Linux, asm-generic/siginfo.h).
_CLD_STOPPED = 5


def watch(pid: int, tell: Callable[[bool], None]) -> None:
    """Call ``tell`` with True whenever the child is stopped and with False when it continues, until its end.

    Args:
        pid: the child; its exit status stays available to the code that waits for it.
        tell: called in another thread.

    Raises:
        RuntimeError: no further thread can be started.
    """
    threads.start(_run, pid, tell)


def _run(pid: int, tell: Callable[[bool], None]) -> None:
    changes = {_CLD_STOPPED: os.WSTOPPED, os.CLD_TRAPPED: os.WSTOPPED, os.CLD_CONTINUED: os.WCONTINUED}
    # Other code may wait for the child's end first.
    with suppress(ChildProcessError):
        while True:
            found = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WCONTINUED | os.WEXITED | os.WNOWAIT)
            if found is None or found.si_code not in changes:
                return
            # Consume this change; otherwise waitid would report it again.
            os.waitid(os.P_PID, pid, changes[found.si_code] | os.WNOHANG)
            tell(found.si_code != os.CLD_CONTINUED)
