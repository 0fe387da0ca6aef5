from __future__ import annotations

import importlib.util
import mmap
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, Optional

import pytest

from casa_desktop.store.in_use import Asked, why_busy
from casa_desktop.store.lock_process import LockProcess

from ...support.shortage import small_disk

# It locks bytes of a file as casacore does, and waits to be told to end.
LOCK = (
    "import fcntl, sys; file = open(sys.argv[1], 'r+b')\n"
    "fcntl.lockf(file, getattr(fcntl, sys.argv[2]), 1, int(sys.argv[3])); print(flush=True); sys.stdin.read()"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    table = tmp_path / "my.ms"
    (table / "ANTENNA").mkdir(parents=True)
    for name in ("table.dat", "table.f0", "table.lock", "ANTENNA/table.lock"):
        (table / name).write_bytes(bytes(8192))
    return table


@pytest.fixture(params=["/proc/locks", "a process"])
def asked(request: pytest.FixtureRequest) -> Iterator[Optional[Asked]]:
    """Return who is asked for locks: /proc/locks, or a process that was started before."""
    process = LockProcess()
    if request.param == "a process":
        with pytest.raises(BlockingIOError):
            process.first_lock([])
    yield process.first_lock if request.param == "a process" else None
    process.end()


@contextmanager
def locked(path: Path, kind: str, byte: int) -> Iterator[int]:
    """Have another process lock a byte of a file; yield its process id."""
    words = [sys.executable, "-c", LOCK, str(path), kind, str(byte)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process.pid
        process.communicate()


@pytest.mark.parametrize(
    ("file", "kind", "byte", "where", "use"),
    [
        ("table.lock", "LOCK_EX", 0, "my.ms", "being written by"),
        ("table.lock", "LOCK_SH", 1, "my.ms", "open in"),
        ("ANTENNA/table.lock", "LOCK_EX", 0, "my.ms (ANTENNA)", "being written by"),
    ],
)
def test_a_lock_of_another_process_is_told(
    table: Path, asked: Optional[Asked], file: str, kind: str, byte: int, where: str, use: str
) -> None:
    # A shared lock needs a descriptor that reads, an exclusive one that writes: r+b does both.
    with locked(table / file, kind, byte) as pid:
        reason = why_busy([str(table)], asked)
        assert reason is not None
        assert reason.startswith(f"{table.parent}/{where} is {use} ")
        assert reason.endswith(f"(process {pid})")
    assert why_busy([str(table)], asked) is None


def test_other_locks_do_not_count(table: Path, asked: Optional[Asked]) -> None:
    with locked(table / "table.lock", "LOCK_EX", 7), locked(table / "table.f0", "LOCK_EX", 0):
        assert why_busy([str(table)], asked) is None


def test_a_lock_of_another_file_system_with_the_same_number_does_not_count(
    tmp_path: Path, asked: Optional[Asked]
) -> None:
    """Files on small disks have small inode numbers, which are those of others as well."""
    with small_disk(tmp_path / "one", 4) as one, small_disk(tmp_path / "other", 4) as other:
        for disk in (one, other):
            (disk.path / "table.lock").write_bytes(b"x")
        assert os.stat(one.path / "table.lock").st_ino == os.stat(other.path / "table.lock").st_ino
        with locked(one.path / "table.lock", "LOCK_EX", 0):
            assert why_busy([str(one.path)], asked) is not None
            assert why_busy([str(other.path)], asked) is None


def test_what_does_not_exist_is_not_in_use(tmp_path: Path, asked: Optional[Asked]) -> None:
    assert why_busy([str(tmp_path / "missing"), "/missing/a.ms"], asked) is None
    assert why_busy([], asked) is None


@pytest.mark.parametrize(
    ("name", "mode", "busy"),
    [
        ("table.f0", "r+b", True),
        ("table.f0", "ab", True),
        ("table.f0", "rb", False),
        # CASA has it open for writing even if it only reads.
        ("table.lock", "r+b", False),
    ],
)
@pytest.mark.parametrize("way", [".", "link"])
def test_a_file_that_this_process_may_write_counts(table: Path, name: str, mode: str, busy: bool, way: str) -> None:
    (table.parent / "link").symlink_to("my.ms")
    asked = table.parent / (table.name if way == "." else way)
    with open(table / name, mode):
        reason = why_busy([str(asked)])
    assert reason == (f"{asked} is open for writing in this process (table.f0)" if busy else None)
    assert why_busy([str(asked)]) is None


def test_a_file_that_is_asked_for_itself_counts(table: Path) -> None:
    path = str(table / "table.f0")
    with open(path, "r+b"):
        assert why_busy([path]) == f"{path} is open for writing in this process"
        assert why_busy([str(table / "table.dat")]) is None


def test_a_table_whose_name_begins_alike_does_not_count(table: Path) -> None:
    other = table.with_name("my.ms.flagversions")
    other.mkdir()
    with open(other / "table.f0", "wb"):
        assert why_busy([str(table)]) is None


def test_a_mapped_file_counts_after_its_descriptor_was_closed(table: Path) -> None:
    with open(table / "table.f0", "r+b") as file:
        pages = mmap.mmap(file.fileno(), 0)
        # Python keeps a descriptor of its own; the mapping is what is to be found without one.
    descriptors = [each for each in os.listdir("/proc/self/fd") if _is(each, table / "table.f0")]
    for each in descriptors:
        with open("/dev/null", "rb") as nothing:
            os.dup2(nothing.fileno(), int(each))
    assert why_busy([str(table)]) == f"{table} is mapped into memory, to be changed, in this process"
    pages.close()
    assert why_busy([str(table)]) is None


def _is(descriptor: str, path: Path) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}") == str(path)
    except OSError:
        return False


CASA = """
import os
from casatools import table
from casa_desktop.store.in_use import why_busy
from casa_desktop.store.lock_process import LockProcess
process = LockProcess()
process.patience = 60.0
try:
    process.first_lock([])
except BlockingIOError:
    pass
def why():
    first = process.first_lock([os.path.realpath("a.tab")])
    # CASA's locks are all still there, and this process is that of the first.
    told = [why_busy(["a.tab"]), why_busy(["a.tab"], process.first_lock)]
    return [*told, first and (first.pid == os.getpid(), first.writes)]
tb = table()
column = {"valueType": "int", "dataManagerType": "StandardStMan", "dataManagerGroup": "S", "option": 0, "maxlen": 0}
tb.create("a.tab", {"A": {**column, "comment": ""}}, nrow=5)
tb.close()
told = [why()]
tb.open("a.tab", nomodify=False)
tb.putcell("A", 0, 7)
told.append(why())
tb.close()
told.append(why())
tb.open("a.tab")
told.append(why())
tb.close()
print(told)
"""


def test_what_casa_has_not_written_yet_is_seen(tmp_path: Path, environment: Dict[str, str]) -> None:
    if importlib.util.find_spec("casatools") is None:
        pytest.skip("CASA is not installed")
    support = Path(__file__).parents[2] / "support"
    config = shutil.copy(support / "observation" / "siteconfig.py", tmp_path / "casasiteconfig.py")
    env = {**environment, "CASASITECONFIG": str(config)}
    done = subprocess.run(
        [sys.executable, "-c", CASA], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True, check=True
    )
    closed, changed, closed_again, opened = eval(done.stdout.splitlines()[-1])
    assert closed == closed_again == [None, None, None]
    assert changed == [*["a.tab is open for writing in this process (table.f0)"] * 2, (True, True)]
    assert opened == [*["a.tab is open in this process"] * 2, (True, False)]
