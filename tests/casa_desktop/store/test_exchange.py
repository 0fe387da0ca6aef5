from __future__ import annotations

import errno
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Optional

import pytest

from casa_desktop.errors import NotPutBack, Shortage
from casa_desktop.store import exchange
from casa_desktop.store.cloning import clone_file
from casa_desktop.store.exchange import put_back, recover, room_beside

from ...support.shortage import small_disk
from .test_digests import ORDINARY


def _make(path: Path, word: str) -> None:
    (path / "SUB").mkdir(parents=True)
    for name in ("table.dat", "SUB/table.f0", "SUB/table.f1"):
        (path / name).write_text(word)


def _words(path: Path) -> Dict[str, str]:
    return {str(each.relative_to(path)): each.read_text() for each in path.rglob("*") if each.is_file()}


def _whole(word: str) -> Dict[str, str]:
    return dict.fromkeys(("table.dat", "SUB/table.f0", "SUB/table.f1"), word)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    _make(tmp_path / "my.ms", "old")
    return tmp_path / "my.ms"


@pytest.mark.parametrize("cloned", [False, True])
def test_the_new_one_takes_the_place_and_nothing_stays_beside_it(table: Path, cloned: bool) -> None:
    with room_beside(table) as new:
        _make(new, "new")
        assert _words(table) == _whole("old")
        put_back(table, new, cloned=cloned)
        assert _words(table) == _whole("new")
    assert os.listdir(table.parent) == ["my.ms"]


@pytest.mark.parametrize("before", ["file", "folder", "nothing"])
@pytest.mark.parametrize("after", ["file", "folder", "nothing"])
def test_anything_may_take_the_place_of_anything(tmp_path: Path, can_exchange: bool, before: str, after: str) -> None:
    makers: Dict[str, Callable[[Path], object]] = {
        "file": lambda path: path.write_text("x"),
        "folder": lambda path: path.mkdir(),
        "nothing": lambda path: None,
    }
    target = tmp_path / "it"
    makers[before](target)
    if after == "nothing":
        put_back(target, None)
    else:
        with room_beside(target) as new:
            makers[after](new)
            put_back(target, new)
    assert (target.is_file(), target.is_dir()) == (after == "file", after == "folder")
    assert os.listdir(tmp_path) == (["it"] if after != "nothing" else [])


def test_what_was_made_and_not_put_back_is_removed(table: Path) -> None:
    def interrupted() -> None:
        with room_beside(table) as new:
            _make(new, "new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert os.listdir(table.parent) == ["my.ms"]
    assert _words(table) == _whole("old")


def test_the_data_are_on_the_disk_before_they_replace_others(table: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from casa_desktop.store.exchange import *; table = Path(sys.argv[1])\n"
        "with room_beside(table) as new: new.write_text('new'); put_back(table, new)"
    )
    trace = table.parent / "trace"
    words = ["strace", "-f", "-o", str(trace), sys.executable, "-c", code, str(table)]
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    subprocess.run(words, check=True)
    calls = trace.read_text()
    assert max(calls.find("sync_file_range("), calls.find("fsync(")) > 0
    assert max(calls.find("sync_file_range("), calls.find("fsync(")) < calls.index("renameat2(")


def test_a_link_stays_a_link(table: Path) -> None:
    link = table.parent / "elsewhere" / "link.ms"
    link.parent.mkdir()
    link.symlink_to("../my.ms")
    with room_beside(link) as new:
        assert new.parent.parent == table.parent
        _make(new, "new")
        put_back(link, new)
    assert link.is_symlink()
    assert _words(table) == _whole("new")


def test_a_room_is_the_user_s_own(table: Path) -> None:
    with room_beside(table) as new:
        assert new.parent.stat().st_mode & 0o777 == 0o700


def test_a_room_of_a_living_process_is_left_alone(table: Path) -> None:
    with room_beside(table) as new:
        _make(new, "new")
        assert recover(table.parent) == []
        assert _words(new) == _whole("new")


def _dead_room(table: Path, name: str, journal: Optional[object], *made: str) -> Path:
    room = table.parent / f"{exchange.ROOM}{name}"
    room.mkdir(mode=0o700)
    for each in made:
        _make(room / each, each)
    if journal is not None:
        (room / "journal").write_text(journal if isinstance(journal, str) else json.dumps(journal))
    return room


def test_a_room_of_a_dead_process_is_removed(table: Path) -> None:
    room = _dead_room(table, "dead", None, "new")
    assert recover(table.parent) == [room]
    assert os.listdir(table.parent) == ["my.ms"]


@pytest.mark.parametrize(("made", "expected"), [(("old", "new"), "new"), (("old",), "old")])
def test_what_was_between_two_renames_is_rolled_forward(table: Path, made: tuple[str, ...], expected: str) -> None:
    exchange._remove(table)
    room = _dead_room(table, "dead", {"target": "my.ms"}, *made)
    assert recover(table.parent) == [table, room]
    assert _words(table) == _whole(expected)
    assert os.listdir(table.parent) == ["my.ms"]


@pytest.mark.parametrize("target", ["../other.ms", "/other.ms", "", "..", ".", 7, None])
def test_a_journal_names_nothing_outside(table: Path, target: object) -> None:
    (table.parent / "below").mkdir()
    room = _dead_room(table.parent / "below" / "x", "dead", {"target": target}, "new")
    assert recover(table.parent / "below") == [room]
    assert sorted(os.listdir(table.parent)) == ["below", "my.ms"]
    assert os.listdir(table.parent / "below") == []


@pytest.mark.parametrize("journal", ["", "{", "[]", "null", "\0"])
def test_an_unfinished_journal_counts_as_none(table: Path, journal: str) -> None:
    room = _dead_room(table, "dead", journal, "new")
    assert recover(table.parent) == [room]
    assert _words(table) == _whole("old")


def test_two_renames_do_the_same_where_nothing_can_be_exchanged(table: Path) -> None:
    with room_beside(table) as new:
        _make(new, "new")
        exchange._by_two_renames(table, new)
        assert _words(table) == _whole("new")
    assert os.listdir(table.parent) == ["my.ms"]


def test_an_interrupt_between_two_renames_loses_nothing(table: Path) -> None:
    def interrupted() -> None:
        with room_beside(table) as new:
            _make(new, "new")
            # What _by_two_renames does first.
            (new.parent / "journal").write_text(json.dumps({"target": "my.ms"}))
            os.rename(table, new.parent / "old")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert _words(table) == _whole("new")
    assert os.listdir(table.parent) == ["my.ms"]


def test_a_full_disk_is_a_shortage_and_nothing_is_lost(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4) as disk:
        (tmp_path / "large").write_bytes(os.urandom(1 << 20))
        table = disk.path / "my.ms"
        _make(table, "old")
        disk.fill()
        with pytest.raises(Shortage, match="No room is left"), room_beside(table) as new:
            clone_file(str(tmp_path / "large"), str(new))
        assert _words(table) == _whole("old")
        assert sorted(os.listdir(disk.path)) == ["filler", "my.ms"]


READ_ONLY = """
import os, sys
from pathlib import Path
from casa_desktop.errors import NotPutBack
from casa_desktop.store.exchange import put_back, room_beside
table = Path(sys.argv[1])
try:
    with room_beside(table) as new:
        new.mkdir()
        os.chmod(table.parent, 0o500)
        put_back(table, new)
except NotPutBack as error:
    print(error)
os.chmod(table.parent, 0o700)
"""


def test_a_folder_that_may_not_be_written_is_named_and_nothing_is_lost(table: Path) -> None:
    words = [*ORDINARY, sys.executable, "-c", READ_ONLY, str(table)]
    said = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert said == f"The result that was kept was not put back: {table}: Permission denied.\n"
    assert _words(table) == _whole("old")


def test_a_read_only_folder_is_removed_with_the_rest(table: Path) -> None:
    (table / "SUB").chmod(0o500)
    words = [*ORDINARY, sys.executable, "-c"]
    code = (
        "import pathlib, sys; from casa_desktop.store import exchange as e; e.put_back(pathlib.Path(sys.argv[1]), None)"
    )
    subprocess.run([*words, code, str(table)], check=True)
    assert os.listdir(table.parent) == []


# For each line it starts a child that puts back trees, each of them of one word, until that is killed.
LOOP = """
import itertools, os, sys
from pathlib import Path
from casa_desktop.store import exchange
from casa_desktop.store.cloning import clone_file
target, put_back = Path(sys.argv[1]), getattr(exchange, sys.argv[2])

def loop():
    for number in itertools.count():
        with exchange.room_beside(target) as new:
            (new / "SUB").mkdir(parents=True)
            for name in ("table.dat", "SUB/table.f0", "SUB/table.f1"):
                (new / name).write_text(f"{os.getpid()} {number}")
            put_back(target, new)
        if number == 0:
            print(os.getpid(), flush=True)

for _ in sys.stdin:
    pid = os.fork()
    if not pid:
        loop()
    os.waitpid(pid, 0)
    print(flush=True)
"""


@pytest.mark.parametrize("way", ["put_back", "_by_two_renames"])
def test_a_kill_at_any_moment_leaves_the_old_one_or_the_new_one(table: Path, way: str) -> None:
    moments, pipe = random.Random(1937), subprocess.PIPE
    words = [sys.executable, "-c", LOOP, str(table), way]
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        seen = set()
        for _ in range(20):
            process.stdin.write("\n")
            pid = int(process.stdout.readline())
            # The moment: so many milliseconds after it has put back the first.
            select.poll().poll(moments.uniform(0, 20))
            os.kill(pid, signal.SIGKILL)
            assert process.stdout.readline() == "\n"
            # An exchange leaves it whole even before anything is cleaned.
            for clean in (False, True) if way == "put_back" else (True,):
                if clean:
                    recover(table.parent)
                    assert os.listdir(table.parent) == ["my.ms"]
                words_there = _words(table)
                assert words_there == _whole(words_there["table.dat"])
            seen.add(words_there["table.dat"])
        assert len(seen) == 20
        process.stdin.close()


def test_what_takes_no_exchange_says_so(table: Path) -> None:
    assert exchange._renamed(table, table.with_name("missing"), 2) is False
    with pytest.raises(OSError, match="No such file") as caught:
        exchange._renamed(table.with_name("missing"), table, 2)
    assert caught.value.errno == errno.ENOENT


def test_a_failure_of_the_system_is_told_with_the_path(table: Path) -> None:
    with room_beside(table) as new, pytest.raises(NotPutBack, match=f"not put back: {table}: No such file"):
        put_back(table, new)
    assert _words(table) == _whole("old")
