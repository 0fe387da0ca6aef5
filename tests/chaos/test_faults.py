"""What is done to a victim is done, and undone."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import psutil
import pytest

from ..support.living import state
from .disks import Disk
from .faults import Fault
from .inotify_limit import InotifyLimit
from .plan import ENDS, Action


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = Disk(tmp_path / "disk", 1)
    yield disk
    disk.close()


@pytest.fixture
def inotify() -> Iterator[InotifyLimit]:
    limit = InotifyLimit()
    if not limit.is_there:
        limit.close()
        pytest.skip("this user may not make a user namespace")
    yield limit
    limit.close()


@pytest.fixture
def victim() -> Iterator[psutil.Process]:
    """A process that answers what it reads."""
    echo = "import sys\nfor line in sys.stdin: print(open('/dev/null').name, flush=True)"
    with subprocess.Popen([sys.executable, "-c", echo], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        # It has all that it opens.
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b"\n")
        child.stdin.flush()
        child.stdout.readline()
        yield psutil.Process(child.pid)
        child.kill()


def test_killed_it_ends(victim: psutil.Process, disk: Disk) -> None:
    Fault(Action.KILL, [victim], disk).release()
    victim.wait(30)


def test_stopped_it_stands_still_until_it_is_released(victim: psutil.Process, disk: Disk) -> None:
    fault = Fault(Action.STOP, [victim], disk)
    assert os.waitid(os.P_PID, victim.pid, os.WSTOPPED | os.WNOWAIT)
    fault.release()
    assert os.waitid(os.P_PID, victim.pid, os.WCONTINUED | os.WNOWAIT)


def test_frozen_its_first_thread_stands_still_until_it_is_released_and_again(
    victim: psutil.Process, disk: Disk
) -> None:
    for _ in range(10):
        fault = Fault(Action.FREEZE, [victim], disk)
        assert state(victim) == psutil.STATUS_TRACING_STOP
        fault.release()
        assert state(victim) != psutil.STATUS_TRACING_STOP


@pytest.mark.parametrize(
    ("action", "kind"), [(Action.FILES, resource.RLIMIT_NOFILE), (Action.MEMORY, resource.RLIMIT_AS)]
)
def test_starved_it_keeps_what_it_has_and_gets_no_more(
    victim: psutil.Process, disk: Disk, action: Action, kind: int
) -> None:
    before = victim.rlimit(kind)
    fault = Fault(action, [victim], disk)
    assert victim.rlimit(kind)[0] == (victim.num_fds() if action is Action.FILES else victim.memory_info().vms)
    assert victim.rlimit(kind)[1] == before[1]
    fault.release()
    assert victim.rlimit(kind) == before


def test_victims_that_are_gone_are_passed_over(victim: psutil.Process, disk: Disk) -> None:
    victim.kill()
    victim.wait(30)
    for action in (*ENDS, Action.STOP, Action.FREEZE, Action.FILES, Action.MEMORY):
        Fault(action, [victim], disk).release()


def test_filled_disk_takes_no_byte_until_it_is_released(disk: Disk) -> None:
    if not disk.is_small:
        pytest.skip("only root may mount a small disk")
    fault = Fault(Action.FILL, [], disk)
    with pytest.raises(OSError, match="No space left"):
        (disk.path / "more").write_bytes(b"x")
    fault.release()
    (disk.path / "more").write_bytes(b"x")


def test_removed_file_is_gone_and_nothing_else(disk: Disk) -> None:
    for name in ("one", "other"):
        (disk.path / name).touch()
    Fault(Action.REMOVE, [], disk, disk.path / "one").release()
    assert [each.name for each in disk.path.iterdir()] == ["other"]


def test_blind_its_victim_ends_and_there_is_no_inotify_instance_until_it_is_released(
    victim: psutil.Process, disk: Disk, inotify: InotifyLimit
) -> None:
    fault = Fault(Action.BLIND, [victim], disk, inotify=inotify)
    victim.wait(30)
    assert not _has_instance(inotify)
    fault.release()
    assert _has_instance(inotify)


def _has_instance(inotify: InotifyLimit) -> bool:
    words = [*inotify.words, sys.executable, "-c", "from inotify_simple import INotify; INotify()"]
    done = subprocess.run(words, stderr=subprocess.PIPE, text=True)
    assert not done.returncode or "[Errno 24]" in done.stderr
    return not done.returncode
