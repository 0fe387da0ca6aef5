"""Makes room in a store: the records that were not used for the longest time go first, then what only they needed.

Mark and sweep: an object stays as long as one record needs it. It is done under the store's lock, so that no process
keeps or puts back meanwhile; of a process that is killed while it sweeps, the next sweep removes the rest.
"""

from __future__ import annotations

from collections import Counter
from typing import Dict, List, Tuple

from .index import Index
from .objects import Objects
from .records import Entry, Records
from .room import Room
from .tally import Tally

# A store that is full is emptied to this part of its limit, so that it need not be swept again at once.
_KEPT = 0.8


class Eviction:
    """Sweeps a store.

    Args:
        room: the store's folder.
        objects: its objects.
        records: its records.
        index: their index.
        taken: the room that records and objects take, in bytes; it is counted anew by each sweep.
        saved: another sum, which is only drawn together.
    """

    def __init__(
        self, room: Room, objects: Objects, records: Records, index: Index, taken: Tally, saved: Tally
    ) -> None:
        self._room, self._objects, self._records, self._index = room, objects, records, index
        self._taken, self._saved = taken, saved

    def make_room(self, wanted: int, limit: int) -> None:
        """Remove records and objects if ``wanted`` more bytes do not fit into ``limit``, and some more to spare.

        Raises:
            TimeoutError: other processes are at work in the store.
            OSError: the store cannot be written.
        """
        with self._room.alone():
            self.sweep(limit, wanted)

    def sweep(self, limit: int, wanted: int = 0) -> int:
        """Remove what no record needs, and records as ``make_room`` does; return how many bytes are taken then.

        Hold the store's lock ``alone``.

        Raises:
            OSError: the store cannot be written.
        """
        self._room.remove_leftovers()
        self._records.remove_leftovers()
        sizes = dict(self._objects.all())
        kept, total = self._chosen(sizes, limit, wanted)
        needed = {digest for entry in kept for digest in entry.objects or ()}
        for digest, size in sizes.items():
            if digest not in needed and not self._objects.remove(digest):
                total += size
        self._index.prune()
        self._taken.become(total)
        if self._saved.is_long:
            self._saved.become(self._saved.total)
        return total

    def _chosen(self, sizes: Dict[str, int], limit: int, wanted: int) -> Tuple[List[Entry], int]:
        """Remove the records that have to go; return the others, and the room that they take with their objects."""
        entries = self._records.entries()
        uses = Counter(digest for entry in entries for digest in set(entry.objects or ()) if digest in sizes)
        total = sum(sizes[digest] for digest in uses) + sum(entry.size for entry in entries)
        most = limit - wanted if total + wanted <= limit else int(limit * _KEPT) - wanted
        kept: List[Entry] = []
        for entry in entries:
            if total <= most and entry.objects is not None:
                kept.append(entry)
                continue
            self._records.remove(entry.key)
            total -= entry.size
            for digest in set(entry.objects or ()):
                uses[digest] -= 1
                total -= sizes.get(digest, 0) if not uses[digest] else 0
        return kept, total
