"""Calls for the store of results: functions that really make and change files, and records of what they did."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path
from typing import Callable, Dict, Iterable

from casa_desktop.store.digests import Digests
from casa_desktop.store.models import Record, State
from casa_desktop.store.states import state_of
from casa_desktop.store.store import Store

# As long as a task that is worth any copy.
SECONDS = 100.0


def call(
    store: Store, work: Callable[[], object], outputs: Iterable[Path], task: str = "split", **values: object
) -> Record:
    """Do some work, and return the record of a call that did it; nothing is kept yet."""
    paths = [str(path) for path in outputs]
    before = {path: state_of(path, store.digests) for path in paths}
    work()
    after = {path: state_of(path, store.digests) for path in paths}
    key = hashlib.blake2b(repr((task, before, after)).encode(), digest_size=32).hexdigest()
    return Record(key, task, 1_795_900_000.0, SECONDS, "[7]", values.get("value"), [], _there(before), after)


def _there(states: Dict[str, State]) -> Dict[str, State]:
    return {path: state for path, state in states.items() if not state.absent}


def table(path: Path, seed: int = 1) -> None:
    """Make what looks like a table: two columns, a subtable, a link, an empty folder and a lock."""
    chance = random.Random(seed)
    for name in ("table.dat", "table.f0", "table.f1", "ANTENNA/table.dat", "ANTENNA/table.f0"):
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(contents(chance, chance.randrange(1, 20_000)))
    (path / "table.lock").write_bytes(bytes(325))
    (path / "ANTENNA" / "table.lock").write_bytes(bytes(325))
    (path / "SORTED").mkdir()
    (path / "latest").symlink_to("table.f1")


def contents(chance: random.Random, size: int) -> bytes:
    """Return so many bytes by chance; Random.randbytes came with Python 3.9."""
    return chance.getrandbits(8 * size).to_bytes(size, "little")


def flag(path: Path, seed: int = 2) -> None:
    """Change one column of a table in place."""
    (path / "table.f1").write_bytes(contents(random.Random(seed), 5_000))


def state(path: Path) -> State:
    """Return the state of a file or folder, all of which is read."""
    return state_of(str(path), Digests())


def files_below(folder: Path) -> Dict[str, int]:
    """Return the names and permissions of all files and folders below a folder."""
    return {
        os.path.relpath(os.path.join(top, name), folder): os.lstat(os.path.join(top, name)).st_mode & 0o777
        for top, folders, names in os.walk(folder)
        for name in (*folders, *names)
    }
