from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path

import pytest

from casa_desktop.errors import RuntimeDirectoryError
from casa_desktop.system import locks

from ...support.living import started


def test_a_folder_is_held_for_as_long_as_its_process_lives(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from casa_desktop.system import locks\n"
        "locks.hold(Path(sys.argv[1])); print(1, flush=True); sys.stdin.read()"
    )
    assert not locks.is_held(root)
    with started([sys.executable, "-c", code, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert locks.is_held(root)
        assert not locks.wait_until_free(root, 0.05)
        child.kill()
        assert locks.wait_until_free(root, 5)
    assert not locks.is_held(root)


def test_one_process_keeps_the_others_out(root: Path) -> None:
    with locks.exclusive(root, 1), pytest.raises(RuntimeDirectoryError, match="another process"):
        locks.exclusive(root, 0.05).__enter__()
    with locks.exclusive(root, 1):
        pass


def test_a_file_is_shared_until_the_last_who_shares_it_has_gone(root: Path) -> None:
    file = root / "file"
    assert not locks.is_shared(file)
    file.write_text("")
    assert not locks.is_shared(file)
    first, second = locks.share(file), locks.share(file)
    for descriptor in (first, second):
        assert locks.is_shared(file)
        os.close(descriptor)
    assert not locks.is_shared(file)


def test_each_byte_of_a_file_is_shared_by_itself(root: Path) -> None:
    file = root / "file"
    file.write_text("")
    viewing = locks.share(file, locks.VIEW)
    assert not locks.is_shared(file, locks.WORK)
    working = locks.share(file, locks.WORK)
    os.close(viewing)
    assert not locks.is_shared(file, locks.VIEW)
    assert locks.is_shared(file, locks.WORK)
    os.close(working)


def test_the_end_of_sharing_is_waited_for_and_harms_nobody_who_shares_next(root: Path) -> None:
    file = root / "file"
    file.write_text("")
    first, second = locks.share(file), locks.share(file)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(locks.wait_until_unshared, file)
        os.close(first)
        with pytest.raises(FutureTimeout):
            waiting.result(0.1)
        os.close(second)
        waiting.result(10)
    third = locks.share(file)
    assert locks.is_shared(file)
    os.close(third)


def test_a_use_does_not_wait_for_ever_for_a_process_that_was_stopped_as_it_noticed_the_end_of_the_last(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = root / "file"
    file.write_text("")
    monkeypatch.setattr(locks, "_NOTICED_SECONDS", 0.1)
    code = (
        "import fcntl, sys; from casa_desktop.system import locks\n"
        "file = open(sys.argv[1], 'r+'); fcntl.fcntl(file, locks._F_OFD_SETLK, locks._region(fcntl.F_WRLCK, 0))\n"
        "print(1, flush=True); sys.stdin.read()"
    )
    with started([sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        os.kill(child.pid, signal.SIGSTOP)
        with pytest.raises(RuntimeDirectoryError, match="another process has kept it locked"):
            locks.share(file)
        os.close(locks.share(file, locks.WORK))
        child.kill()
    locks.unshare(locks.share(file))
    locks.wait_until_unshared(file)


def test_many_share_a_turn_and_one_has_it_alone(root: Path) -> None:
    file = root / "lock"
    with locks.turn(file, 1, shared=True) as first, locks.turn(file, 1, shared=True) as second:
        assert (first, second) == (True, True)
        for timeout in (0, 0.05):
            with locks.turn(file, timeout) as alone:
                assert not alone
    with locks.turn(file, 1) as alone, locks.turn(file, 0, shared=True) as shared:
        assert (alone, shared) == (True, False)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_turn_is_waited_for(root: Path) -> None:
    file = root / "lock"
    with ThreadPoolExecutor(1) as pool:
        with locks.turn(file, 1, shared=True):
            waiting = pool.submit(_had, file)
            with pytest.raises(FutureTimeout):
                waiting.result(0.05)
        assert waiting.result(10)
    with pytest.raises(FileNotFoundError), locks.turn(root / "gone" / "lock", 1):
        pass


def _had(file: Path) -> bool:
    with locks.turn(file, 20) as alone:
        return alone


def test_no_lock_outlives_its_use_in_a_process_that_was_forked_meanwhile(root: Path) -> None:
    file = root / "file"
    file.write_text("")
    used = locks.share(file)
    with locks.unheld(root), locks.exclusive(_made(root / "other"), 1), locks.turn(root / "lock", 1):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(writer)
            os.read(reader, 1)
            os._exit(0)
        os.close(reader)
    locks.unshare(used)
    assert not locks.is_shared(file)
    for folder in (root, root / "other"):
        with locks.exclusive(folder, 0):
            pass
    with locks.turn(root / "lock", 0) as alone:
        assert alone
    assert os.waitpid(child, os.WNOHANG) == (0, 0)
    os.close(writer)
    os.waitpid(child, 0)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
