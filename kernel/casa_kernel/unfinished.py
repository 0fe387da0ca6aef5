"""The answer to a cell that neither IPython nor ipykernel could finish.

ipykernel only logs what fails around a cell, and the notebook waits for its answer for ever. It happens where no memory
is left: the cell itself fails with a MemoryError, and then the words for it want memory too, as does the next request.
"""

from __future__ import annotations

import mmap
from contextlib import suppress
from typing import Any, Dict, Optional

from jupyter_client import session

from . import reports
from .errors import CellUnfinished

# With this much left, nothing needs a reserve.
_PLENTY = 1 << 20


class Reserve:
    """Address space that is kept for a purpose when everything else is used up; nothing of it is ever written to.

    It is mapped, and not malloc's: glibc takes the size of a large piece that is freed for the size from which it maps
    pieces itself, and of smaller ones its heap keeps far more afterwards (M_MMAP_THRESHOLD in mallopt(3)).
    """

    def __init__(self, size: int) -> None:
        """``size`` is how much, in bytes."""
        self._size = size
        self._kept: Optional[mmap.mmap] = None
        self.fill()

    def fill(self) -> None:
        """Take it, if it can be had and is not there already."""
        with suppress(OSError):
            self._kept = _map(self._size) if self._kept is None else self._kept

    def spend(self) -> None:
        """Let others have it."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    def spend_if_short(self) -> None:
        """Let others have it if there is hardly anything else."""
        try:
            _map(_PLENTY).close()
        except (OSError, MemoryError):
            self.spend()


def _map(size: int) -> mmap.mmap:
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


# A module's, because memory is the process's. Two of them, because what is given up to read a request may be used up by
# the cell before it is answered. The second is enough for IPython's traceback and the messages with it.
REQUESTS, ANSWERS = Reserve(2 << 20), Reserve(8 << 20)


class Session(session.Session):
    """Jupyter's, which can read a request where no memory is left."""

    def deserialize(self, *args: Any, **kwargs: Any) -> Any:
        """Make a message of what came in. Called by ipykernel, for each request first of all."""
        REQUESTS.spend_if_short()
        return super().deserialize(*args, **kwargs)


def content(error: BaseException) -> Dict[str, Any]:
    """Return what an ``error`` message holds, for what ended a cell: ``ename``, ``evalue`` and ``traceback``.

    Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#execution-errors
    """
    told = CellUnfinished(error)
    return {"ename": type(told).__name__, "evalue": str(told), "traceback": [reports.head(told, str(told))]}
