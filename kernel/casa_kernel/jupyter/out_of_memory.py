"""Answer a cell that neither IPython nor ipykernel could finish.

ipykernel only logs a failure outside the cell's code, and the notebook waits for its answer for ever. This happens when
no memory is left: the cell itself fails with a MemoryError, and then its report needs memory too, as does the next
request.
"""

from __future__ import annotations

import mmap
from contextlib import suppress
from typing import Any, Dict, Optional

from jupyter_client import session

from ..errors import CellUnfinished
from . import tracebacks

# With this much left, no reserve is needed.
_PLENTY = 1 << 20


class Reserve:
    """Address space that is reserved for a purpose, for when no other memory is left; it is never written to.

    It is mapped, not allocated with malloc: when a large piece is freed, glibc raises the size from which it maps
    pieces to that piece's size, and its heap then keeps far more of the smaller ones (M_MMAP_THRESHOLD in mallopt(3)).
    """

    def __init__(self, size: int) -> None:
        """Reserve ``size`` bytes."""
        self._size = size
        self._kept: Optional[mmap.mmap] = None
        self.fill()

    def fill(self) -> None:
        """Reserve the memory, if it is available and not reserved already."""
        with suppress(OSError):
            self._kept = _map(self._size) if self._kept is None else self._kept

    def spend(self) -> None:
        """Release the memory."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    def spend_if_short(self) -> None:
        """Release the memory if there is hardly any other."""
        try:
            _map(_PLENTY).close()
        except (OSError, MemoryError):
            self.spend()


def _map(size: int) -> mmap.mmap:
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


# At module level, because memory belongs to the process. There are two, because the memory that is released to read a
# request may be used up by the cell before it is answered. The second is enough for IPython's traceback and its
# messages.
REQUESTS, ANSWERS = Reserve(2 << 20), Reserve(8 << 20)


class Session(session.Session):
    """Jupyter's session, which can also read a request when no memory is left."""

    def deserialize(self, *args: Any, **kwargs: Any) -> Any:
        """Parse an incoming message. Called by ipykernel, first of all for each request."""
        REQUESTS.spend_if_short()
        return super().deserialize(*args, **kwargs)


def content(error: BaseException) -> Dict[str, Any]:
    """Return the content of an ``error`` message for the error that ended a cell: ``ename``, ``evalue``, ``traceback``.

    Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#execution-errors
    """
    told = CellUnfinished(error)
    return {"ename": type(told).__name__, "evalue": str(told), "traceback": [tracebacks.head(told, str(told))]}
