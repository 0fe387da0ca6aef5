"""Has the store of results give way while a task runs, as soon as the task leaves little room on the disk.

CASA does not bear a full disk: where a table cannot be written when it is closed, its whole process ends (seen with
applycal, split, hanningsmooth and others of CASA 6.7.0). What a task will write is not known before. Linux tells no
program that a disk fills: inotify and fanotify tell of files, and quotas warn only where there are some. So a thread
looks at the free room, the more often the less there is.

It has a ``Store`` of its own, because the kernel's may be in use meanwhile: by the keeper, and by other tasks that the
task calls. Like the keeper's thread, this one imports nothing.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Optional

from casa_desktop.errors import CasaDesktopError
from casa_desktop.store.store import Store
from casa_desktop.system import threads

# No task writes faster, in bytes per second: by then, what is left above the reserve may be gone.
_FASTEST = 4e9
# The shortest and longest time between two looks, in seconds. One takes some microseconds.
_SHORTEST, _LONGEST = 0.01, 1.0


class RoomWatch:
    """Watches the room on a store's disk within a with block.

    Args:
        store: what gives way; None if there is none.
    """

    def __init__(self, store: Optional[Store]) -> None:
        self._store = store
        self._own: Optional[Store] = None
        self._over = threading.Event()

    def __enter__(self) -> None:
        if self._store is not None and not self._store.is_empty:
            # Without a thread, there is the room that is made now.
            with suppress(CasaDesktopError, OSError, RuntimeError):
                if self._look(self._store):
                    threads.start(self._watch, self._store)

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _watch(self, store: Store) -> None:
        # A store that was removed meanwhile takes no room.
        with suppress(CasaDesktopError, OSError, MemoryError):
            while not self._over.wait(pause(store.to_spare())) and self._look(store):
                pass

    def _look(self, store: Store) -> bool:
        """Make room, if there is too little; return whether anything is left that could give way."""
        if store.to_spare() >= 0:
            return True
        # Only now: it reads what is known of files.
        self._own = self._own or Store(store.folder)
        return self._own.give_way()


def pause(spare: int) -> float:
    """Return how long not to look at a disk of which so many bytes can be filled, in seconds."""
    return min(max(spare / _FASTEST, _SHORTEST), _LONGEST)
