from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest

from casa_desktop.store import table_locks
from casa_desktop.store.in_use import why_busy
from casa_desktop.store.lock_process import LockProcess
from casa_desktop.store.table_locks import Lock
from casa_desktop.system.process import open_pid

from ...support import living
from .test_in_use import locked

# What a test waits for comes at once, or never.
NEVER = 60.0
# fcntl(2)'s command, and its struct flock: l_type, l_whence, l_start, l_len, l_pid.
OFD_SETLK, FLOCK = 37, "hhqqi0q"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    for folder in ("my.ms", "my.ms/ANTENNA", "my.ms/FIELD"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "table.lock").write_bytes(bytes(325))
    return tmp_path / "my.ms"


@pytest.fixture
def process() -> Iterator[LockProcess]:
    process = LockProcess()
    process.patience = NEVER
    start(process)
    yield process
    process.end()


def start(process: LockProcess) -> int:
    with pytest.raises(BlockingIOError, match="just been started"):
        process.first_lock([])
    assert process.pid is not None
    return process.pid


def kill(process: LockProcess) -> None:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    wait_for_end(process.pid)


def wait_for_end(pid: int) -> None:
    """Wait until a process has ended, which may be no child of this one."""
    try:
        life = open_pid(pid)
    except ProcessLookupError:
        return
    assert life is not None
    assert select.select([life], [], [], NEVER)[0]
    os.close(life)


@pytest.mark.parametrize(
    ("file", "kind", "byte", "writes"),
    [
        ("table.lock", "LOCK_EX", 0, True),
        ("table.lock", "LOCK_SH", 0, False),
        ("table.lock", "LOCK_SH", 1, False),
        ("FIELD/table.lock", "LOCK_EX", 0, True),
    ],
)
def test_it_tells_what_proc_locks_tells(
    table: Path, process: LockProcess, file: str, kind: str, byte: int, writes: bool
) -> None:
    roots = [str(table.parent / "missing.ms"), str(table)]
    assert process.first_lock(roots) is None
    with locked(table / file, kind, byte) as pid:
        assert process.first_lock(roots) == Lock(str(table / file), pid, writes) == table_locks.first_lock(roots)
    assert process.first_lock(roots) is None


def test_locks_of_the_process_that_asks_are_told_and_stay(table: Path, process: LockProcess) -> None:
    with open(table / "table.lock", "r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX, 1, 0)
        for _ in range(2):
            assert process.first_lock([str(table)]) == Lock(str(table / "table.lock"), os.getpid(), True)
        assert table_locks.first_lock([str(table)]) == Lock(str(table / "table.lock"), os.getpid(), True)


def test_a_lock_that_belongs_to_an_open_file_and_no_process_is_told(table: Path, process: LockProcess) -> None:
    with open(table / "table.lock", "r+b") as file:
        fcntl.fcntl(file, OFD_SETLK, struct.pack(FLOCK, fcntl.F_WRLCK, 0, 0, 1, 0))
        assert process.first_lock([str(table)]) == Lock(str(table / "table.lock"), -1, True)


# A process of its own process namespace, which sees no process outside; the table is locked outside.
INSIDE = """
import sys
from casa_desktop.store.in_use import why_busy
from casa_desktop.store.lock_process import LockProcess
process = LockProcess()
process.patience = 60.0
try:
    process.first_lock([])
except BlockingIOError:
    print([why_busy(sys.argv[1:]), why_busy(sys.argv[1:], process.first_lock)])
"""


def test_a_lock_of_another_container_is_told_which_proc_locks_does_not_have(table: Path) -> None:
    within = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child"]
    tried = subprocess.run([*within, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"another process namespace cannot be had here: {tried.stderr.strip()}")
    with locked(table / "ANTENNA" / "table.lock", "LOCK_EX", 0):
        words = [*within, sys.executable, "-c", INSIDE, str(table)]
        told = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert eval(told) == [None, f"{table} (ANTENNA) is being written by a process of another container"]


def test_a_killed_process_is_replaced_and_meanwhile_proc_locks_is_read(table: Path, process: LockProcess) -> None:
    first = process.pid
    with locked(table / "table.lock", "LOCK_EX", 0) as pid:
        kill(process)
        told = why_busy([str(table)], process.first_lock)
        assert told is not None
        assert told.endswith(f"(process {pid})")
        assert process.pid is None
        assert start(process) != first
        assert process.first_lock([str(table)]) == Lock(str(table / "table.lock"), pid, True)


def test_after_some_failures_no_further_one_is_started(table: Path, process: LockProcess) -> None:
    for number in range(3):
        if number:
            start(process)
        kill(process)
        with pytest.raises(OSError, match=r"ended|[Bb]roken|reset"):
            process.first_lock([str(table)])
    with pytest.raises(ConnectionError, match="no further process"):
        process.first_lock([str(table)])
    assert why_busy([str(table)], process.first_lock) is None


def test_one_that_does_not_answer_is_ended(table: Path, process: LockProcess) -> None:
    pid = process.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
    process.patience = 0.01
    with locked(table / "table.lock", "LOCK_SH", 1) as holder:
        told = why_busy([str(table)], process.first_lock)
    assert told is not None
    assert told.endswith(f"(process {holder})")
    wait_for_end(pid)


def test_what_it_cannot_tell_it_leaves_to_proc_locks(table: Path, process: LockProcess) -> None:
    unreadable = table / "FIELD" / "table.lock"
    unreadable.unlink()
    # A circle, which not even root can open.
    unreadable.symlink_to("table.lock")
    many = table.parent / "many.ms"
    for number in range(201):
        (many / str(number)).mkdir(parents=True)
        (many / str(number) / "table.lock").touch()
    for roots in ([str(table)], [str(many)], ["/" + "x" * 100] * 1000):
        with pytest.raises(BlockingIOError):
            process.first_lock(roots)
    # It is there for other questions.
    assert process.first_lock([str(table / "ANTENNA")]) is None


def test_it_holds_no_file_of_the_process_that_started_it(table: Path) -> None:
    process = LockProcess()
    with open(table / "table.lock", "rb") as file:
        # As native code opens files.
        os.set_inheritable(file.fileno(), True)
        pid = start(process)
        held = [os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()]
    process.end()
    assert str(table / "table.lock") not in held


FORKED = """
import os, sys
from casa_desktop.store.lock_process import LockProcess
process = LockProcess()
process.patience = 60.0
try:
    process.first_lock([])
except BlockingIOError:
    child = os.fork()
    if not child:
        os._exit(process.pid is not None)
    sys.exit(os.waitpid(child, 0)[1] or process.first_lock(sys.argv[1:]) is not None)
"""


def test_a_process_that_is_forked_does_not_take_its_answers(table: Path) -> None:
    subprocess.run([sys.executable, "-c", FORKED, str(table)], check=True)


# What native code forks has no Python that closes anything.
LEFT = """
import ctypes, os, sys, time
from casa_desktop.store.lock_process import LockProcess
process = LockProcess()
try:
    process.first_lock([])
except BlockingIOError:
    forked = ctypes.CDLL(None).fork()
    if forked:
        print(process.pid, forked, flush=True)
    ctypes.CDLL(None).pause()
"""


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_it_ends_with_the_process_that_asks(name: str) -> None:
    with subprocess.Popen([sys.executable, "-c", LEFT], stdout=subprocess.PIPE, text=True) as kernel:
        assert kernel.stdout is not None
        pid, forked = map(int, kernel.stdout.readline().split())
        try:
            assert living.living(pid)
            kernel.send_signal(getattr(signal, name))
            wait_for_end(pid)
            # And not because this one ended.
            assert living.living(forked)
        finally:
            os.kill(forked, signal.SIGKILL)


def test_an_interrupt_of_all_processes_of_the_kernel_leaves_it(table: Path, process: LockProcess) -> None:
    assert process.pid is not None
    assert os.getpgid(process.pid) != os.getpgid(0)
    assert process.first_lock([str(table)]) is None
