"""Records of calls, one file each, named by the call's key.

A file has three lines: the digest of the others, what the sweep needs, and the record. A file that is damaged or cut
short has another digest, and counts as none.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, List, Optional, Tuple

from ..system import files
from . import scratch, sizes
from .models import Record

_KEY = re.compile(r"[0-9a-f]{16,128}")
_SCHEMA = b"casa-desktop record 1"
_ENDING = ".json"


@dataclass(frozen=True)
class Entry:
    """What the sweep has to know of a record.

    Attributes:
        key: of the call.
        used: when it was used last, in ns since 1970.
        size: the room that its file takes, in bytes.
        objects: the digests of the objects that it needs; None if the file is damaged.
        task: that was called; empty if the file is damaged.
    """

    key: str
    used: int
    size: int
    objects: Optional[Tuple[str, ...]]
    task: str


def content(record: Record, objects: Iterable[str]) -> bytes:
    """Return the contents of a record's file; ``objects`` are the digests that it keeps in the store."""
    lines = [{"objects": sorted(objects), "task": record.task}, record.as_json()]
    body = b"".join(json.dumps(line, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n" for line in lines)
    return _seal(body) + body


def _seal(body: bytes) -> bytes:
    return _SCHEMA + b" " + hashlib.blake2b(body, digest_size=32).hexdigest().encode("ascii") + b"\n"


def _opened(text: bytes) -> Tuple[Any, Any]:
    """Return the two values of a record's file; ValueError if it is damaged."""
    seal, _, body = text.partition(b"\n")
    if seal + b"\n" != _seal(body):
        raise ValueError("it is damaged")
    needed, _, record = body.partition(b"\n")
    return files.parsed(needed), files.parsed(record)


class Records:
    """The records of a store.

    Args:
        folder: where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, key: str) -> Path:
        if _KEY.fullmatch(key) is None:
            raise ValueError(f"{key!r} is no key: it should be 16 to 128 hexadecimal digits")
        return self._folder / f"{key}{_ENDING}"

    def read(self, key: str) -> Optional[Record]:
        """Return a record; None if there is none, or it is damaged."""
        path = self._path(key)
        with suppress(OSError, ValueError):
            record = Record.from_json(_opened(path.read_bytes())[1])
            # A file that was renamed is another call's record.
            return record if record.key == key else None
        return None

    def write(self, key: str, text: bytes) -> None:
        """Write a record's file atomically; ``text`` is from ``content``.

        Raises:
            OSError: there is no room, or the like. A record that was there is unchanged.
        """
        scratch.replace(self._path(key), text)

    def touch(self, key: str) -> None:
        """Note that a record was used now; of a store that cannot be written nothing is swept either."""
        with suppress(OSError):
            os.utime(self._path(key))

    def remove(self, key: str) -> bool:
        """Remove a record; return whether there was one."""
        try:
            self._path(key).unlink()
        except OSError:
            return False
        return True

    def all_keys(self) -> List[str]:
        """Return the keys of all records."""
        with suppress(OSError):
            stems = (name[: -len(_ENDING)] for name in os.listdir(self._folder) if name.endswith(_ENDING))
            return sorted(stem for stem in stems if _KEY.fullmatch(stem))
        return []

    def entries(self) -> List[Entry]:
        """Return what the sweep has to know of all records; the one whose last use is the longest ago comes first."""
        return sorted(filter(None, map(self._entry, self.all_keys())), key=lambda entry: entry.used)

    def _entry(self, key: str) -> Optional[Entry]:
        try:
            with open(self._path(key), "rb") as file:
                status = os.fstat(file.fileno())
                # Its first two lines; the record itself may be long.
                file.readline()
                objects, task = _summary(file.readline())
        except OSError:
            return None
        return Entry(key, status.st_mtime_ns, sizes.on_disk(status.st_size), objects, task)

    def remove_leftovers(self) -> None:
        """Remove what killed processes have left; no other process may write a record at the same time."""
        for path in self._folder.glob(f"*{scratch.ENDING}"):
            with suppress(OSError):
                path.unlink()


def _summary(line: bytes) -> Tuple[Optional[Tuple[str, ...]], str]:
    """Return the objects and the task of a record's second line."""
    with suppress(ValueError, TypeError, KeyError):
        value = files.parsed(line)
        names, task = value["objects"], value["task"]
        if isinstance(names, list) and all(isinstance(name, str) for name in [*names, task]):
            return tuple(names), task
    return None, ""
