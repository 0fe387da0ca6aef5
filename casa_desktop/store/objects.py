"""Contents of files, each kept once under its digest.

Before each use an object's digest is verified: by its stat where that proves it (``digests``), else by reading it.
"""

from __future__ import annotations

import os
import re
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Iterator, Mapping, Tuple

from ..errors import NotKept, NotPutBack, StateUnknown
from . import cloning, sizes
from .digests import Digests

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Objects:
    """The objects of a store.

    Args:
        folder: where they lie, in subfolders by the first two letters of their digests.
        digests: the store's memory of digests.
    """

    def __init__(self, folder: Path, digests: Digests) -> None:
        self._folder = str(folder)
        self._digests = digests

    def path(self, digest: str) -> str:
        """Return where the object of a digest is, or would be."""
        if _DIGEST.fullmatch(digest) is None:
            raise ValueError(f"{digest!r} is no digest")
        return f"{self._folder}/{digest[:2]}/{digest[2:]}"

    def holds(self, digest: str) -> bool:
        """Return whether there is an object of that digest, and it is undamaged."""
        with suppress(StateUnknown):
            return self._digests.of(self.path(digest)) == digest
        return False

    def add(self, contents: Mapping[str, str], scratch: Path) -> None:
        """Keep the contents of files.

        Args:
            contents: digests, to the absolute paths of files with these contents.
            scratch: a folder on the store's disk.

        Raises:
            NotKept: a file has other contents by now.
            OSError: there is no room, or the like.
        """
        # All of them: what was there a moment ago may have been swept or damaged.
        added = [digest for digest, path in contents.items() if self._add(path, digest, scratch)]
        # Only now, because on some file systems the first of them takes a look at all processes, for all.
        for digest in added:
            self._digests.note(self.path(digest), digest)

    def _add(self, source: str, digest: str, scratch: Path) -> bool:
        """Keep the contents of a file, unless they are kept already; return whether that was to do."""
        if self.holds(digest):
            return False
        partial, target = str(scratch / uuid.uuid4().hex), self.path(digest)
        cloning.clone_file(source, partial, 0o400)
        # Only now: what has not changed until now has not changed while it was cloned.
        if self._digests.of(source) != digest:
            raise NotKept(f"{source} changed while it was kept")
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        os.replace(partial, target)
        return True

    def give(self, digest: str, target: str) -> bool:
        """Make the file ``target`` with the contents that have this digest; return whether it is a clone.

        Raises:
            NotPutBack: there is no such object, or it is damaged.
            OSError: there is no room, or the like.
        """
        if not self.holds(digest):
            raise NotPutBack("a part of it is damaged or no longer in the store")
        source = self.path(digest)
        cloned = cloning.clone_file(source, target)
        if not self.holds(digest):
            raise NotPutBack("a part of it was damaged or removed meanwhile")
        return cloned

    def all(self) -> Iterator[Tuple[str, int]]:
        """Yield the digest of each object and the room that it takes, in bytes."""
        for folder in _entries(self._folder):
            for entry in _entries(folder.path):
                digest = folder.name + entry.name
                # Another process may remove it now.
                with suppress(OSError):
                    if _DIGEST.fullmatch(digest):
                        yield digest, sizes.on_disk(entry.stat(follow_symlinks=False).st_size)

    def remove(self, digest: str) -> bool:
        """Remove an object; return whether it is gone."""
        with suppress(FileNotFoundError):
            try:
                os.unlink(self.path(digest))
            except OSError:
                return False
        return True


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        entries = os.scandir(folder)
    except OSError:
        return
    with entries:
        yield from entries
