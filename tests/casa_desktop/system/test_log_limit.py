"""A log that programs go on writing into is kept short, and nothing of the newest is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List

import psutil
import pytest
from inotify_simple import INotify, flags

from casa_desktop.desktop import lifecycle
from casa_desktop.system import log_limit
from casa_desktop.system.log_limit import KEPT, MOST

# Writes numbered lines for as long as it may, and says how many there were.
WRITER = """
import os, sys
number = 0
while number < {lines}:
    os.write(1, b"%090d\\n" % number)
    number += 1
"""
LINES = 300_000


@pytest.fixture(params=["as it is", "with holes only", "with neither"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file system knows."""
    known = {"as it is": 11, "with holes only": 3, "with neither": 0}[request.param]
    real = log_limit._fallocate
    monkeypatch.setattr(
        log_limit,
        "_fallocate",
        lambda descriptor, mode, length: mode & known == mode and real(descriptor, mode, length),
    )


@pytest.fixture
def log(tmp_path: Path) -> Iterator[int]:
    with (tmp_path / "log").open("a+b", buffering=0) as file:
        yield file.fileno()


def _lines(log: int) -> List[bytes]:
    return os.pread(log, os.fstat(log).st_size, 0).lstrip(b"\0").split(b"\n")


def test_what_is_too_long_is_cut_to_the_newest(log: int, way: None) -> None:
    os.write(log, b"".join(b"%07d\n" % number for number in range(MOST // 8 + 1)))
    log_limit.cut(log)
    assert os.fstat(log).st_blocks * 512 <= 3 * KEPT
    os.write(log, b"more\n")
    assert _lines(log)[-3:] == [b"%07d" % (MOST // 8), b"more", b""]
    assert log_limit.newest(log, 13) == f"{MOST // 8:07d}\nmore\n"


def test_what_is_short_stays(log: int) -> None:
    os.write(log, b"x" * MOST)
    log_limit.cut(log)
    assert os.fstat(log).st_size == MOST


def test_no_line_is_lost_that_is_written_meanwhile(log: int) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER.format(lines=LINES)], stdout=log) as writer:
        while writer.poll() is None:
            log_limit.cut(log)
    log_limit.cut(log)
    found = _lines(log)[1:-1]
    assert found == [b"%090d" % number for number in range(LINES - len(found), LINES)]
    assert len(found) > KEPT // 92


def test_the_log_of_a_desktop_is_kept_short(root: Path) -> None:
    record = lifecycle.ensure()
    log = record.at.log
    # As a program does that was started from the menu: its descriptor is the X server's.
    with INotify() as changes, open(f"/proc/{record.x_server_pid}/fd/1", "ab", buffering=0) as output:
        changes.add_watch(str(log), flags.MODIFY)
        for _ in range(3):
            output.write(b"x" * (MOST // 2))
        output.write(b"\nthe newest\n")
        while log.stat().st_blocks * 512 > MOST:
            assert changes.read(timeout=60_000)
    assert log.read_bytes().endswith(b"\nthe newest\n")
    assert psutil.pid_exists(record.supervisor_pid)
