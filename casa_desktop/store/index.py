"""Which records may answer a question, so that not all of them are read: some words, to the keys of records.

It is a folder with one for each word, by its digest, in which an empty file is named by the key of each record that has
the word; a word may be that a path had a state after the call. It says only where to look: who asks reads the record.
What is missing is found by a further folder, of the keys of all records whose words are there, and is made good.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Iterable, Iterator, Mapping, Set

from . import scratch
from .models import Record, State
from .records import Records

_ALL = "all"
_OUTPUT = "output "


class Index:
    """The index of a store's records.

    Args:
        folder: where it lies; it may be removed at any time.
        records: of the store.
    """

    def __init__(self, folder: Path, records: Records) -> None:
        self._folder, self._records = str(folder), records

    def add(self, record: Record) -> None:
        """Add a record that has been written.

        Raises:
            OSError: the index cannot be written; the record is found all the same.
        """
        made = {_made(path, state.digest) for path, state in record.after.items()}
        outputs = {name for name in record.parts if name.startswith(_OUTPUT)}
        for word in (*made, *outputs, _task(record.task)):
            self._note(_name(word), record.key)
        # Last: a process may be killed before.
        self._note(_ALL, record.key)

    def _note(self, name: str, key: str) -> None:
        folder = f"{self._folder}/{name}"
        for each in (self._folder, folder):
            with suppress(FileExistsError):
                os.mkdir(each, mode=0o700)
        os.close(os.open(f"{folder}/{key}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))

    def made(self, path: str, state: State) -> Iterator[Record]:
        """Yield the records that may say that ``path`` was in a state after their call."""
        yield from self._read(self._keys(_name(_made(path, state.digest))))
        yield from self._unknown()

    def like(self, task: str, parts: Mapping[str, str]) -> Iterator[Record]:
        """Yield the records of a task that may have some parts."""
        words = [_task(task), *(name for name in parts if name.startswith(_OUTPUT))]
        keys = set.intersection(*(self._keys(_name(word)) for word in words))
        yield from self._read(keys)
        yield from self._unknown()

    def _keys(self, name: str) -> Set[str]:
        with suppress(OSError):
            return set(os.listdir(f"{self._folder}/{name}"))
        return set()

    def _read(self, keys: Iterable[str]) -> Iterator[Record]:
        for key in keys:
            record = self._records.read(key)
            if record is not None:
                yield record

    def _unknown(self) -> Iterator[Record]:
        """Yield the records that the index lacks, and add them."""
        for record in self._read(set(self._records.all_keys()) - self._keys(_ALL)):
            with suppress(OSError):
                self.add(record)
            yield record

    def prune(self) -> None:
        """Forget the records that are gone. Hold the store's lock ``alone``."""
        there = set(self._records.all_keys())
        for name in self._keys(""):
            for key in self._keys(name) - there:
                with suppress(OSError):
                    os.unlink(f"{self._folder}/{name}/{key}")
            with suppress(OSError):
                # If nothing is left in it.
                os.rmdir(f"{self._folder}/{name}")

    def clear(self) -> None:
        """Remove it; it is made anew when it is needed. Hold the store's lock ``alone``."""
        scratch.removed(Path(self._folder))


def _made(path: str, digest: str) -> str:
    return f"made {digest} {path}"


def _task(task: str) -> str:
    return f"task {task}"


def _name(word: str) -> str:
    return hashlib.blake2b(os.fsencode(word), digest_size=16).hexdigest()
