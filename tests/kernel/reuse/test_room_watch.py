"""The store of results gives way while a task fills the disk, and not only before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest
from casa_kernel.reuse.room_watch import RoomWatch, pause
from inotify_simple import INotify, flags

from casa_desktop.store import keeping
from casa_desktop.store.store import Store

from ...support.reuse import SECONDS, call
from ...support.shortage import Disk, small_disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk", 16) as small:
        yield small


def kept(disk: Disk, size: int = 4_000_000) -> Store:
    """A store with a result that lies nowhere else."""
    store, path = Store.of(disk.path, {}), disk.path / "result"
    record = call(store, lambda: path.write_bytes(os.urandom(size)), [path])
    store.set_limit("1 GB")
    store.keep(record, SECONDS)
    path.unlink()
    return store


def test_results_give_way_to_what_a_task_writes_and_the_rest_of_the_task_has_their_room(disk: Disk) -> None:
    store = kept(disk)
    with INotify() as removals, RoomWatch(store):
        removals.add_watch(store.folder / "records", flags.DELETE)
        # Half of what is not to be filled.
        disk.leave(keeping.spare(str(disk.path)) // 2)
        assert removals.read(timeout=60_000)
    assert store.records() == []
    assert store.check().damaged == ()
    assert store.to_spare() > 3_000_000


def test_results_stay_while_there_is_room(disk: Disk) -> None:
    store = kept(disk)
    with RoomWatch(store):
        disk.leave(2 * keeping.spare(str(disk.path)))
    assert len(store.records()) == 1


# An audit hook stays until the process ends.
ALONE = """
import sys, threading
from pathlib import Path
from inotify_simple import INotify, flags
from casa_kernel.reuse.room_watch import RoomWatch
from casa_desktop.store import keeping
from casa_desktop.store.store import Store
from tests.support.shortage import Disk
disk, main, imported = Disk(Path(sys.argv[1])), threading.get_ident(), []
store = Store.of(disk.path, {})
sys.addaudithook(lambda event, given: event == "import" and threading.get_ident() != main and imported.append(given[0]))
with INotify() as removals, RoomWatch(store):
    removals.add_watch(store.folder / "records", flags.DELETE)
    disk.leave(keeping.spare(str(disk.path)) // 2)
    removals.read(timeout=60_000)
# It is locked until all is removed.
store.check()
print(store.records(), imported)
"""


def test_its_thread_imports_nothing(disk: Disk) -> None:
    kept(disk)
    root = Path(__file__).parents[3]
    argv = [sys.executable, "-c", ALONE, str(disk.path)]
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False, timeout=100)
    assert done.stdout == "[] []\n", done.stderr


def test_a_disk_is_looked_at_the_more_often_the_less_room_is_left() -> None:
    assert pause(10**12) == 1.0
    assert 0.01 < pause(10**9) < 1.0
    assert pause(0) == pause(-(10**9)) == 0.01
