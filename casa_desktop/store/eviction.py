"""Makes room in a store: the records that were not used for the longest time go first, then what only they needed.

Where a disk is full, and files are clones that share their blocks with live ones of the same contents, to remove them
frees nothing: those go last then. For the limit they count like others, because they take their room as soon as the
live file is changed or removed.

Mark and sweep: an object stays as long as one record needs it. It is done under the store's lock, so that no process
keeps or puts back meanwhile; of a process that is killed while it sweeps, the next sweep removes the rest.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Dict, List, Optional, Set

from . import cloning
from .digests import Digests
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
        digests: of live files.
        index: the records' index.
        taken: the room that records and objects take, in bytes; it is counted anew by each sweep.
        saved: another sum, which is only drawn together.
    """

    def __init__(
        self, room: Room, objects: Objects, records: Records, digests: Digests, index: Index, taken: Tally, saved: Tally
    ) -> None:
        self._room, self._objects, self._records, self._index = room, objects, records, index
        self._digests, self._taken, self._saved = digests, taken, saved

    def make_room(self, wanted: int, limit: int) -> None:
        """Remove records and objects if ``wanted`` more bytes do not fit into ``limit``, and some more to spare.

        Raises:
            TimeoutError: other processes are at work in the store.
            OSError: the store cannot be written.
        """
        with self._room.alone():
            self.sweep(limit, wanted)

    def free(self, wanted: int) -> None:
        """Remove records and objects, so that ``wanted`` more bytes of the disk are free, and some more to spare.

        Raises:
            As ``make_room``.
        """
        with self._room.alone():
            self.sweep(None, wanted)

    def sweep(self, limit: Optional[int], wanted: int = 0) -> int:
        """Remove what no record needs, and records as ``make_room`` does; return how many bytes are taken then.

        Hold the store's lock ``alone``. Without a limit, make room on the disk as ``free`` does.

        Raises:
            OSError: the store cannot be written.
        """
        self._room.remove_leftovers()
        self._records.remove_leftovers()
        sizes = dict(self._objects.all())
        kept = self._chosen(sizes, self._shared(sizes) if limit is None else set(), limit, wanted)
        needed = {digest for entry in kept for digest in entry.objects or ()}
        total = sum(entry.size for entry in kept)
        for digest, size in sizes.items():
            if digest in needed or not self._objects.remove(digest):
                total += size
        self._index.prune()
        self._taken.become(total)
        if self._saved.is_long:
            self._saved.become(self._saved.total)
        return total

    def _shared(self, sizes: Dict[str, int]) -> Set[str]:
        """Return the objects that share their blocks with live files."""
        with suppress(OSError):
            folder = str(self._room.path)
            return self._digests.outside(folder, sizes) if cloning.clones(folder) else set()
        return set()

    def _chosen(self, sizes: Dict[str, int], shared: Set[str], limit: Optional[int], wanted: int) -> List[Entry]:
        """Remove the records that have to go; return the others."""
        sizes = {digest: 0 if digest in shared else size for digest, size in sizes.items()}
        # Among those that free something or nothing, the one that was used last stays longest.
        entries = sorted(self._records.entries(), key=lambda entry: bool(shared) and not _frees(entry, sizes))
        uses = Counter(digest for entry in entries for digest in set(entry.objects or ()) if digest in sizes)
        total = sum(sizes[digest] for digest in uses) + sum(entry.size for entry in entries)
        limit = total if limit is None else limit
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
        return kept


def _frees(entry: Entry, sizes: Dict[str, int]) -> bool:
    return any(sizes.get(digest) for digest in entry.objects or ())
