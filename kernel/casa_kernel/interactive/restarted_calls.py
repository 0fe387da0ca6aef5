"""Have the system calls of CASA's C++ go on after a signal, instead of failing with EINTR.

CASA opens the FIFO for its window's address with fopen(3), which waits until the window's program has started, and does
not check the result (casatools 6.7.0, ``grpcInteractiveClean.cc``). Python installs its handlers without SA_RESTART: a
SIGINT during that wait made fopen fail, and CASA crashed, and with it the kernel.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import Iterator, List


@contextmanager
def restarted() -> Iterator[None]:
    """Restart system calls after signals that Python handles, within a with block.

    Python's own waits for a lock are restarted as well, so keep the block as small as CASA's wait. There is no effect
    outside of the main thread, which alone may change this.
    """
    numbers = _handled() if threading.current_thread() is threading.main_thread() else []
    for number in numbers:
        signal.siginterrupt(number, False)
    try:
        yield
    finally:
        for number in numbers:
            signal.siginterrupt(number, True)


def _handled() -> List[int]:
    return [number for number in signal.valid_signals() if callable(signal.getsignal(number))]
