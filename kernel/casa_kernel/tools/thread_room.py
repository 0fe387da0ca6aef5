"""Check that there is memory for the threads that gRPC starts, in Python and in CASA's C++."""

from __future__ import annotations

import errno
import mmap
import resource

from casa_desktop.errors import Shortage

# gRPC's own threads: a process has eight or nine of them after its first call.
_THREADS = 12
# The size of a thread's stack where no limit sets it (glibc, pthread_create(3)).
_STACK = 2 << 20
_NO_RESERVE = 0x4000  # MAP_NORESERVE of mmap(2); Python has it from 3.13 on


def prove_room() -> None:
    """Check that the process may have the stacks of gRPC's threads.

    gRPC starts them when it needs them. If it gets none, this call and all later ones wait for ever, whatever their
    time limit (seen in grpcio 1.80).

    Raises:
        Shortage: there is not so much memory.
    """
    limit = resource.getrlimit(resource.RLIMIT_STACK)[0]
    size = _THREADS * (_STACK if limit == resource.RLIM_INFINITY else limit)
    try:
        # Only the addresses are taken: no page is touched, and none is set aside.
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE
        mmap.mmap(-1, size, flags=flags, prot=mmap.PROT_READ).close()
    except OSError as error:
        raise Shortage(errno.ENOMEM) from error
