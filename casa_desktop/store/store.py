"""The store of results: keeps what calls of tasks made, and puts it back.

It is a folder, ``.casa-reuse`` beside the data, that any number of processes use at the same time: each file in it
appears by a rename, whole; who keeps or puts back holds its lock shared, and who sweeps holds it alone.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Type, Union

from ..errors import CasaDesktopError, NotKept, NotPutBack, StoreUnusable
from . import cloning, exchange, keeping, records, scratch, sizes
from .checking import Report, remove_damaged
from .digests import Digests
from .eviction import Eviction
from .file_systems import file_system
from .index import Index
from .keeping import is_within
from .models import Record, State
from .objects import Objects
from .putting_back import PuttingBack
from .room import Room, store_folder
from .states import state_of
from .tally import Tally

# The part of the free disk that a store may take at most, unless the user chooses.
_PART_OF_FREE = 0.2
IN_PLACE, PUT_BACK = "in place", "put back"


@dataclass(frozen=True)
class Usage:
    """What a store holds.

    Attributes:
        folder: the store.
        exists: whether it has been made.
        records: how many calls it has kept.
        tasks: how many of each task.
        objects: how many different files.
        taken: the room that they take, in bytes. Clones share it with the files that they are clones of.
        limit: the most that it may take, in bytes.
        free: the room that is free on its disk, in bytes.
        saved: how long the tasks had taken whose results were used again, in seconds.
    """

    folder: Path
    exists: bool
    records: int
    tasks: Mapping[str, int]
    objects: int
    taken: int
    limit: int
    free: int
    saved: float


class Store:
    """A store of results. Nothing is written before the first ``keep``.

    Args:
        folder: the store's own folder; it need not exist.

    Attributes:
        folder: the same.
        digests: the memory of digests, of live files as well; its ``save`` writes it for later processes.

    Raises:
        StoreUnusable: other users could change it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._room = Room(folder)
        self._room.exists()
        self.digests = Digests(folder)
        self._objects = Objects(self._room.objects, self.digests)
        self._records = records.Records(self._room.records)
        self._index = Index(self._room.index, self._records)
        self._taken, self._saved = Tally(folder / "taken"), Tally(folder / "saved")
        self._limit = folder / "limit"
        self._eviction = Eviction(
            self._room, self._objects, self._records, self.digests, self._index, self._taken, self._saved
        )

    @classmethod
    def of(cls, folder: Path, environ: Mapping[str, str]) -> Store:
        """Return the store for the data in ``folder``, or the one that CASA_DESKTOP_STORE names.

        What a killed process has left in ``folder`` while it put something back is finished or removed.

        Raises:
            StoreUnusable: other users could change it.
            InvalidSetting: CASA_DESKTOP_STORE is no absolute path.
        """
        exchange.recover(folder)
        return cls(store_folder(folder, environ))

    def find(self, key: str) -> Optional[Record]:
        """Return what was kept of a call; None if there is nothing, or it is damaged."""
        return self._records.read(key)

    def latest(self, task: str, parts: Mapping[str, str], but: str) -> Optional[Record]:
        """Return the last call of a task but the one with the key ``but``, of those that have some parts in common."""
        kept = (record for record in self._index.like(task, parts) if record.task == task and record.key != but)
        like = (record for record in kept if parts.items() <= record.parts.items())
        return max(like, key=lambda record: record.made, default=None)

    def has_made(self, path: str, state: State) -> bool:
        """Return whether a call that is kept has left a path in a state."""
        found = self._index.made(path, state)
        return any(path in record.after and record.after[path].digest == state.digest for record in found)

    def records(self) -> List[Record]:
        """Return the records of all calls that are kept."""
        records = map(self._records.read, self._records.all_keys())
        return [record for record in records if record is not None]

    def keep(self, record: Record, seconds_of_task: float) -> None:
        """Keep a call whose outputs lie at their places.

        Args:
            record: of the call.
            seconds_of_task: how long the task took; it decides whether a copy is worth its price.

        Raises:
            NotKept: it is too large, too slow to copy, or the store cannot be written; nothing was changed.
        """
        with _as(NotKept):
            contents = keeping.new_contents(record)
            text = records.content(record, contents)
            self._room.make()
            if not self._limit.exists():
                # From now on it is the same, however full the disk becomes.
                scratch.replace(self._limit, b"%d\n" % self.limit)
            try:
                self._keep(record, contents, text, seconds_of_task)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                # Older results give way.
                wanted = sum(map(sizes.on_disk, keeping.sizes_of(contents).values()))
                self._eviction.free(wanted + keeping.spare(str(self.folder)))
                self._keep(record, contents, text, seconds_of_task)
            self.digests.save()

    def _keep(self, record: Record, contents: Mapping[str, str], text: bytes, seconds: float) -> None:
        missing = self._missing(contents)
        wanted = _room_for(missing, text)
        self._check_limit(wanted)
        if not self._clones(missing.values()):
            keeping.check_price(sum(keeping.sizes_of(missing).values()), len(missing), seconds, str(self.folder))
            self._find_room(wanted)
        if self._taken.total + wanted > self.limit:
            self._eviction.make_room(wanted, self.limit)
        with self._room.shared(), self._room.scratch() as folder:
            self._book(_room_for(self._missing(contents), text))
            self._objects.add(contents, folder)
            self._records.write(record.key, text)
            # Without it the record is found, too, if later.
            with suppress(OSError):
                self._index.add(record)

    def _missing(self, contents: Mapping[str, str]) -> Dict[str, str]:
        return {digest: path for digest, path in contents.items() if not self._objects.holds(digest)}

    def _book(self, wanted: int) -> None:
        """Count what is going to be kept, so that it counts even if this process is killed; hold the lock shared."""
        self._taken.add(wanted)
        # Other processes may keep something at the same time, and what was there before may have been swept.
        if self._taken.total > self.limit:
            self._taken.add(-wanted)
            raise NotKept("other kernels are filling the store of results")

    def _clones(self, paths: Iterable[str]) -> bool:
        """Return whether files share their blocks with their objects; between disks they never do."""
        return self._on_this_disk(paths) and cloning.clones(str(self.folder))

    def _on_this_disk(self, paths: Iterable[str]) -> bool:
        here = os.stat(self.folder).st_dev
        return all(os.lstat(path).st_dev == here for path in paths)

    def may_keep_later(self, paths: Iterable[str]) -> bool:
        """Return whether files may be kept after other code has gone on: each change of them meanwhile shows.

        A copy takes longer than a clone, but is no less sure: it counts only if the file's stat is as it was before.

        Args:
            paths: files, folders and tables; they need not exist.
        """
        with suppress(OSError, StoreUnusable):
            self._room.make()
            there = [each for each in paths if os.path.lexists(each)]
            return file_system(str(self.folder)).settle == 0 and self._on_this_disk(there)
        return False

    def _check_limit(self, wanted: int) -> None:
        if wanted > self.limit:
            raise NotKept(
                f"it takes {sizes.shown(wanted)}, and the limit of the store {self.folder} is "
                f"{sizes.shown(self.limit)}; 'casa-desktop reuse limit' changes it"
            )

    def _find_room(self, wanted: int) -> None:
        """Check that a copy leaves room on the disk; older results give way to it."""
        lacking = wanted - self.to_spare()
        if lacking > 0:
            self._eviction.free(lacking)
        if self.to_spare() < wanted:
            raise NotKept(f"a copy of {sizes.shown(wanted)} would leave too little room on the disk")

    def give_way(self) -> bool:
        """Let the results that were not used for longest go while less of the disk is free than a copy would leave.

        It is called before a task runs and while it does, for which the room is then. What cannot be removed now stays.

        Returns:
            Whether anything is left that could give way.
        """
        with suppress(OSError, StoreUnusable):
            if not self._room.exists():
                return False
            lacking = -self.to_spare()
            if lacking > 0:
                self._eviction.free(lacking)
        return not self.is_empty

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept; it is only counted."""
        return self._taken.total <= 0

    def to_spare(self) -> int:
        """Return how much of the disk can be filled before results give way, in bytes; negative if they should now.

        Raises:
            OSError: there is no store.
        """
        return sizes.free(str(self.folder)) - keeping.spare(str(self.folder))

    def put_back(self, record: Record, live: Optional[Mapping[str, State]] = None) -> str:
        """Put the outputs of a call where they were then.

        Args:
            record: what ``find`` returned.
            live: the states that its outputs have now, if they are known.

        Returns:
            ``IN_PLACE`` if they lie there already, and ``PUT_BACK`` if they did not.

        Raises:
            NotPutBack: a part of it is damaged or gone, or there is no room. What lies there is as it was.
        """
        with _as(NotPutBack):
            live = live or {path: state_of(path, self.digests) for path in record.after}
            if all(live[path].digest == after.digest for path, after in record.after.items()):
                done = IN_PLACE
            else:
                with self._room.shared():
                    PuttingBack(self._objects, self.digests).put_back(record, live)
                done = PUT_BACK
        self._records.touch(record.key)
        with suppress(OSError):
            self._saved.add(round(record.seconds * 1000))
        return done

    def forget(self, task: Optional[str] = None, path: Optional[str] = None) -> int:
        """Remove the records of a task, or those that read or made ``path`` or something in it; return how many.

        Raises:
            StoreUnusable: the store cannot be written, or other processes are at work in it.
        """
        if not self._room.exists():
            return 0
        with self._alone():
            found = [key for key in self._records.all_keys() if _matches(self._records.read(key), task, path)]
            removed = sum(map(self._records.remove, found))
            self._eviction.sweep(self.limit)
        return removed

    def clear(self) -> int:
        """Remove all records and objects; return how much room they took, in bytes.

        Raises:
            StoreUnusable: the store cannot be written, or other processes are at work in it.
        """
        if not self._room.exists():
            return 0
        with self._alone():
            taken = self.usage().taken
            for key in self._records.all_keys():
                self._records.remove(key)
            return taken - self._eviction.sweep(0)

    def check(self) -> Report:
        """Read all that the store holds, and remove what is damaged.

        Raises:
            StoreUnusable: something damaged cannot be removed, or other processes are at work in the store.
        """
        if not self._room.exists():
            return Report(0, 0, 0, ())
        with self._refused():
            damaged = remove_damaged(self._room, self._objects, self._records, self.digests)
            with self._room.alone():
                self._index.clear()
            self._eviction.make_room(0, self.limit)
        self.digests.save()
        usage = self.usage()
        return Report(usage.records, usage.objects, usage.taken, damaged)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._refused(), self._room.alone():
            yield

    @contextmanager
    def _refused(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreUnusable(self.folder, f"{keeping.reason(error)}.") from error

    def usage(self) -> Usage:
        """Count what the store holds."""
        objects = [size for _, size in self._objects.all()]
        entries = self._records.entries()
        taken = sum(objects) + sum(entry.size for entry in entries)
        tasks = Counter(entry.task for entry in entries if entry.task)
        return Usage(
            self.folder,
            self._room.exists(),
            len(entries),
            tasks,
            len(objects),
            taken,
            self.limit,
            self._free(),
            self.saved,
        )

    @property
    def saved(self) -> float:
        """How long the tasks had taken whose results were used again, in seconds."""
        return self._saved.total / 1000

    @property
    def limit(self) -> int:
        """The most that the store may take, in bytes."""
        with suppress(OSError, ValueError):
            return sizes.parsed(self._limit.read_text(encoding="ascii").strip())
        return int(self._free() * _PART_OF_FREE)

    def _free(self) -> int:
        folder = self.folder
        while True:
            try:
                return sizes.free(str(folder))
            except OSError:
                if folder == folder.parent:
                    return 0
                folder = folder.parent

    def set_limit(self, size: Union[int, str]) -> int:
        """Set the most that the store may take, and remove what is too much; return it, in bytes.

        Args:
            size: in bytes, or a text like ``200 GB``.

        Raises:
            InvalidSetting: it is no size.
            StoreUnusable: the store cannot be written.
        """
        limit = sizes.parsed(size)
        with self._refused():
            self._room.make()
            scratch.replace(self._limit, b"%d\n" % limit)
            self._eviction.make_room(0, limit)
        return limit


def _room_for(files: Mapping[str, str], text: bytes) -> int:
    """Return the room that files and a record take, in bytes."""
    return sum(map(sizes.on_disk, [*keeping.sizes_of(files).values(), len(text)]))


def _matches(record: Optional[Record], task: Optional[str], path: Optional[str]) -> bool:
    if record is None:
        return False
    paths = [*record.before, *record.after]
    return (task is None or record.task == task) and (path is None or any(is_within(each, [path]) for each in paths))


@contextmanager
def _as(kind: Type[Union[NotKept, NotPutBack]]) -> Iterator[None]:
    """Raise whatever goes wrong as ``kind``, NotKept or NotPutBack."""
    try:
        yield
    except kind:
        raise
    except OSError as error:
        raise kind(keeping.reason(error)) from error
    except (CasaDesktopError, ValueError) as error:
        raise kind(str(error).rstrip(".")) from error
