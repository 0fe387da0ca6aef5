from __future__ import annotations

import math
import mmap
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator

import pytest

from casa_desktop.store import file_systems
from casa_desktop.store.file_systems import file_system, write_back
from casa_desktop.store.mappings import mapped_files, shared_writable


def _type(path: Path) -> str:
    stat = ["stat", "--file-system", "--format=%T", str(path)]
    return subprocess.run(stat, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def test_a_file_system_is_known_by_its_name(tmp_path: Path) -> None:
    names = {"ext2/ext3": "ext4", "overlayfs": "overlay"}
    system = file_system(str(tmp_path))
    assert system.kind == names.get(_type(tmp_path), _type(tmp_path))
    assert not system.far


def test_a_stat_of_an_unknown_file_system_proves_nothing() -> None:
    assert file_system("/proc").settle == math.inf
    assert file_system("/proc").kind == "0x9fa0"


def test_what_is_not_there_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="/missing"):
        file_system(str(tmp_path / "missing"))


@pytest.mark.parametrize(
    ("release", "expected"), [("6.13.0", True), ("6.18.44-x", True), ("7.0", True), ("6.12.9", False), ("x", False)]
)
def test_linux_6_13_and_later_see_each_change(release: str, expected: bool) -> None:
    assert file_systems._has_multigrain(release) is expected


@pytest.fixture
def mapped(tmp_path: Path) -> Iterator[mmap.mmap]:
    path = tmp_path / "table.f0"
    path.write_bytes(bytes(8192))
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as pages:
        yield pages


def _next_tick() -> None:
    """Return when the clock of coarse timestamps has moved."""
    coarse = 5  # CLOCK_REALTIME_COARSE
    start = time.clock_gettime(coarse)
    while time.clock_gettime(coarse) == start:
        pass


def test_a_store_to_a_mapped_page_shows_once_it_was_written_back(mapped: mmap.mmap, tmp_path: Path) -> None:
    path = str(tmp_path / "table.f0")
    system = file_system(path)
    mapped[0] = 1
    with open(path, "rb") as file:
        write_back(file.fileno(), system)
    before = os.stat(path).st_ctime_ns
    _next_tick()
    mapped[1] = 1
    # tmpfs has nothing to write back to: there no stat is believed while a process has the file mapped.
    assert (os.stat(path).st_ctime_ns != before) or not system.flush


def test_a_file_that_is_mapped_to_be_written_is_found(mapped: mmap.mmap, tmp_path: Path) -> None:
    path = tmp_path / "table.f0"
    assert mapped_files().has(str(path), path.stat().st_ino)
    mapped.close()
    assert not mapped_files().has(str(path), path.stat().st_ino)


@pytest.mark.parametrize(
    ("access", "expected"), [("ACCESS_WRITE", True), ("ACCESS_COPY", False), ("ACCESS_READ", False)]
)
def test_only_a_mapping_that_changes_the_file_counts(tmp_path: Path, access: str, expected: bool) -> None:
    path = tmp_path / "my table.f0"
    path.write_bytes(bytes(8192))
    code = (
        "import mmap, sys; file = open(sys.argv[1], 'r+b'); pages = mmap.mmap(file.fileno(), 0, "
        "access=getattr(mmap, sys.argv[2])); file.close(); print(flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", code, str(path), access]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        assert mapped_files().has(str(path), path.stat().st_ino) is expected
        assert (str(path).encode() in [name for _, name in shared_writable(str(process.pid))]) is expected
        process.communicate()
