"""Digests of files, remembered by their stat so that a file that did not change is not read again.

As in ccache, a digest is believed while inode, size, mtime and ctime are the same. ctime cannot be set by programs, so
that ``cp -p``, ``rsync`` and ``touch`` show, but two changes in one tick of the clock do not: a digest is remembered
only if ctime was old enough when hashing began (``FileSystem.settle``), and if the stat was the same afterwards.

The memory is one JSON file, which is replaced atomically. Of two processes that write at a time one may lose what it
had learned, which costs it another look at the files; a damaged file is no more than an empty memory.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Collection, Dict, List, Mapping, Optional, Set, Tuple

from ..errors import StateUnknown
from .file_systems import FileSystem, of_device, write_back
from .mappings import Mapped, mapped_files

# Inode, size, mtime in ns, ctime in ns. Device numbers differ between the nodes of a cluster.
Signature = Tuple[int, int, int, int]

_NAME = "digests.json"
_SCHEMA = 1
# Some 100 bytes each: a memory of more files than that would take longer to read than to make again.
_MOST = 200_000
_TRIES = 3
_PIECE = 1 << 20


def signature(status: os.stat_result) -> Signature:
    """Return of a stat what changes together with the contents."""
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class Digests:
    """The digests of files in this process's view.

    Args:
        folder: of the store, where the memory is kept for later processes; without one it ends with this process.

    Attributes:
        hashed: how many files had to be read so far.
        references: digests of ``table.dat`` files to the names of other tables in them.
    """

    def __init__(self, folder: Optional[Path] = None) -> None:
        self.hashed = 0
        self._file = folder / _NAME if folder is not None else None
        self._systems: Dict[int, FileSystem] = {}
        self._folders: Dict[str, Dict[str, List[Any]]] = {}
        self.references: Dict[str, List[str]] = {}
        self._mapped: Optional[Mapped] = None
        self._changed = False
        self._read: Optional[Signature] = None
        self._load()

    def of(self, path: str, status: Optional[os.stat_result] = None) -> str:
        """Return the digest of a regular file's contents.

        Args:
            path: absolute, with links resolved.
            status: the result of lstat just now, if it is known.

        Raises:
            StateUnknown: it is no regular file, cannot be read, or changes while it is read.
        """
        try:
            status = os.lstat(path) if status is None else status
            system = of_device(status.st_dev, path, self._systems)
            # Close-to-open: a client of NFS asks the server for a file's attributes when it opens the file.
            known = self._known(path, _asked(path) if system.far else status)
            return known if known is not None else self._hashed(path, system)
        except OSError as error:
            raise StateUnknown.of(path, error) from error

    def of_folder(self, folder: str, files: Mapping[str, os.stat_result]) -> Dict[str, str]:
        """Return the digests of files in one folder, as ``of`` does for each, in less time.

        Args:
            folder: absolute, with links resolved.
            files: the name of each to the result of lstat just now.
        """
        known, found = self._folders.get(folder, {}), {}
        near = {device for device, system in self._systems.items() if not system.far}
        for name, status in files.items():
            entry = known.get(name)
            if (
                entry is not None
                and entry[3] == status.st_ctime_ns
                and entry[0] == status.st_ino
                and entry[1] == status.st_size
                and entry[2] == status.st_mtime_ns
                and status.st_dev in near
                and stat.S_ISREG(status.st_mode)
            ):
                found[name] = entry[4]
            else:
                found[name] = self.of(f"{folder}/{name}", status)
        return found

    def unread(self, folder: str, files: Mapping[str, Signature]) -> int:
        """Return how many bytes the files in one folder have whose digests would have to be found by reading them."""
        known = self._folders.get(folder, {})
        return sum(each[1] for name, each in files.items() if name not in known or tuple(known[name][:4]) != each)

    def outside(self, folder: str, wanted: Collection[str]) -> Set[str]:
        """Return those of some digests that a file on a folder's disk, but not in it, has now: by its stat, unread.

        Raises:
            OSError: there is no such folder.
        """
        device, found = os.stat(folder).st_dev, set()
        for place, names in self._folders.items():
            if not f"{place}/".startswith(f"{folder}/"):
                for name in [name for name, entry in names.items() if entry[4] in wanted]:
                    with suppress(OSError):
                        status = os.lstat(f"{place}/{name}")
                        if status.st_dev == device and self._known(f"{place}/{name}", status):
                            found.add(str(names[name][4]))
        return found

    def contents(self, path: str, digest: str) -> bytes:
        """Return the contents of a file that has a digest.

        Raises:
            StateUnknown: it cannot be read, or has another digest by now.
        """
        try:
            descriptor = _opened(path)
            with open(descriptor, "rb") as file:
                data = file.read()
        except OSError as error:
            raise StateUnknown.of(path, error) from error
        if hashlib.blake2b(data, digest_size=32).hexdigest() != digest:
            raise StateUnknown(Path(path), "it changes while it is read")
        self._changed = True
        return data

    def _known(self, path: str, status: os.stat_result) -> Optional[str]:
        folder, _, name = path.rpartition("/")
        entry = self._folders.get(folder, {}).get(name)
        if entry is None or not stat.S_ISREG(status.st_mode) or tuple(entry[:4]) != signature(status):
            return None
        return str(entry[4])

    def _hashed(self, path: str, system: FileSystem) -> str:
        self.hashed += 1
        descriptor = _opened(path)
        try:
            for _ in range(_TRIES):
                write_back(descriptor, system)
                before = os.fstat(descriptor)
                since = self._unmapped_since(path, before, system)
                digest = _digest(descriptor)
                # The path's own stat as well: another file may have been renamed over the one that was read.
                after = (signature(os.fstat(descriptor)), signature(os.lstat(path)))
                if after == (signature(before), signature(before)):
                    self._remember(path, before, system, since, digest)
                    return digest
        finally:
            os.close(descriptor)
        raise StateUnknown(Path(path), "it changes while it is read")

    def _unmapped_since(self, path: str, status: os.stat_result, system: FileSystem) -> float:
        """Return a time since when each change of a file moves its ctime: now, where pages can be written back.

        Elsewhere only the first store to each page of a mapping moves it. So it takes a look at all processes which
        is later than ctime, and found no mapping of the file: a new one moves ctime to a later time than that.
        """
        now = time.time()
        if system.flush or now - status.st_ctime < system.settle:
            return now
        if self._mapped is None or self._mapped.time - status.st_ctime < system.settle:
            self._mapped = mapped_files()
        return -math.inf if self._mapped.has(path, status.st_ino) else self._mapped.time

    def _remember(self, path: str, status: os.stat_result, system: FileSystem, since: float, digest: str) -> None:
        # A ctime in the future means that the clock was set back: it may come round to the same time again.
        if since - status.st_ctime < system.settle:
            return
        folder, _, name = path.rpartition("/")
        self._folders.setdefault(folder, {})[name] = [*signature(status), digest]
        self._changed = True

    def note(self, path: str, digest: str) -> None:
        """Remember the digest of a file that this process has just put at ``path`` with contents that it knows."""
        with suppress(OSError):
            status = os.lstat(path)
            system = of_device(status.st_dev, path, self._systems)
            self._remember(path, status, system, self._unmapped_since(path, status, system), digest)

    def linked(self, path: str, before: os.stat_result) -> None:
        """Keep what is known of a file whose ctime has moved because this process made or removed a link to it.

        A change of its contents meanwhile shows by another size or mtime.

        Args:
            path: where it lies now; it may have been moved.
            before: its stat just before.
        """
        known = self._known(path, before)
        with suppress(OSError):
            if known is not None and signature(os.lstat(path))[:3] == signature(before)[:3]:
                self.note(path, known)

    def save(self) -> None:
        """Write the memory for later processes, with what others have written meanwhile; a full disk prevents it."""
        if self._file is None or not self._changed:
            return
        with suppress(OSError):
            self._load()
            self._trim()
            descriptor, partial = tempfile.mkstemp(prefix=_NAME, suffix=".part", dir=self._file.parent)
            try:
                with open(descriptor, "w", encoding="ascii") as file:
                    json.dump({"schema": _SCHEMA, "folders": self._folders, "references": self.references}, file)
                os.replace(partial, self._file)
            except BaseException:
                os.unlink(partial)
                raise
            self._changed = False
            self._read = signature(os.lstat(self._file))

    def _load(self) -> None:
        """Take over what the file has and this process has not."""
        if self._file is None:
            return
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            now = signature(os.stat(self._file))
            if now == self._read:
                return
            value = json.loads(self._file.read_bytes())
            folders, references = _checked(value)
            for folder, names in folders.items():
                self._folders[folder] = {**names, **self._folders.get(folder, {})}
            self.references = {**references, **self.references}
            self._read = now

    def _trim(self) -> None:
        if sum(map(len, self._folders.values())) > _MOST:
            self._folders = {folder: names for folder, names in self._folders.items() if os.path.isdir(folder)}
        if sum(map(len, self._folders.values())) > _MOST:
            self._folders, self.references = {}, {}


def _checked(value: Any) -> Tuple[Dict[str, Dict[str, List[Any]]], Dict[str, List[str]]]:
    """Return the contents of the memory's file; ValueError and the like if they are something else."""
    folders, references = value["folders"], value["references"]
    kinds = [int, int, int, int, str]
    if value["schema"] != _SCHEMA or not all(
        [type(each) for each in entry] == kinds for names in folders.values() for entry in names.values()
    ):
        raise ValueError("another release's memory, or no memory")
    if not all(isinstance(name, str) for names in references.values() for name in names):
        raise ValueError("no names of tables")
    return folders, references


def _asked(path: str) -> os.stat_result:
    descriptor = _opened(path)
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _opened(path: str) -> int:
    """Open a regular file; a pipe or device in its place is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise StateUnknown(Path(path), "it is neither a file nor a folder")


def _digest(descriptor: int) -> str:
    digest = hashlib.blake2b(digest_size=32)
    buffer = bytearray(_PIECE)
    view = memoryview(buffer)
    position = 0
    while True:
        size = os.preadv(descriptor, [buffer], position)
        if not size:
            return digest.hexdigest()
        digest.update(view[:size])
        position += size
