"""Notice that a child of this process is stopped, and that it goes on: waitid(2), in a thread of its own."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Callable

from casa_desktop import threads


def watch(pid: int, tell: Callable[[bool], None]) -> None:
    """Have ``tell`` called with True whenever the child is stopped and with False when it goes on, until its end.

    Args:
        pid: the child; whoever waits for its end finds it as if nobody had looked.
        tell: called in another thread.

    Raises:
        RuntimeError: there can be no further thread.
    """
    threads.start(_run, pid, tell)


def _run(pid: int, tell: Callable[[bool], None]) -> None:
    changes = {os.CLD_STOPPED: os.WSTOPPED, os.CLD_TRAPPED: os.WSTOPPED, os.CLD_CONTINUED: os.WCONTINUED}
    # Somebody else may wait for the child's end, and be quicker.
    with suppress(ChildProcessError):
        while True:
            found = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WCONTINUED | os.WEXITED | os.WNOWAIT)
            if found is None or found.si_code not in changes:
                return
            # This one is ours to take; otherwise it would be told again.
            os.waitid(os.P_PID, pid, changes[found.si_code] | os.WNOHANG)
            tell(found.si_code != os.CLD_CONTINUED)
