"""Reads all that a store holds, and finds what is damaged."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import List, Tuple

from ..errors import StateUnknown
from .digests import Digests
from .objects import Objects
from .records import Records
from .room import Room


@dataclass(frozen=True)
class Report:
    """What a check has found.

    Attributes:
        records: how many records are whole, with all their objects.
        objects: how many objects these have.
        taken: the room that they take, in bytes.
        damaged: a clause for each file that was damaged, and has been removed.
    """

    records: int
    objects: int
    taken: int
    damaged: Tuple[str, ...]


def remove_damaged(room: Room, objects: Objects, records: Records, digests: Digests) -> Tuple[str, ...]:
    """Read all objects and records, and remove those that are damaged; return a clause for each.

    Raises:
        TimeoutError: other processes are at work in the store.
        OSError: the store cannot be read or written.
    """
    # It may take minutes, in which kernels can go on.
    with room.shared():
        sizes = dict(objects.all())
        bad = [digest for digest in sizes if not _is_undamaged(objects.path(digest), digest, digests)]
    with room.alone():
        # Another process may have put a good one in its place, which is now removed, too; that is only a miss.
        damaged = [f"the file {objects.path(digest)} has other contents than when it was kept" for digest in bad]
        for digest in bad:
            objects.remove(digest)
        return (*damaged, *_without_records(objects, records))


def _is_undamaged(path: str, digest: str, digests: Digests) -> bool:
    try:
        # Without a memory, so that it is read.
        found = Digests().of(path)
    except StateUnknown:
        return False
    digests.note(path, found)
    return found == digest


def _without_records(objects: Objects, records: Records) -> List[str]:
    """Remove the records that are damaged or lack an object; return a clause for each."""
    there = {digest for digest, _ in objects.all()}
    damaged: List[str] = []
    for entry in records.entries():
        record = records.read(entry.key)
        if record is None:
            damaged.append(f"the record {entry.key[:16]}… is not as it was written")
        elif not there.issuperset(entry.objects or ()):
            made = time.strftime("%d %b %Y %H:%M", time.localtime(record.made))
            damaged.append(f"a part of what {record.task} made on {made} is missing")
        else:
            continue
        records.remove(entry.key)
    return damaged
