"""Mappings of files: the system's answer is what its text says."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest

from casa_desktop.store import mappings

MAPS = (
    ("shared", mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, True),
    ("with a space (deleted)", mmap.MAP_SHARED, mmap.PROT_WRITE, True),
    ("read", mmap.MAP_SHARED, mmap.PROT_READ, False),
    ("private", mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE, False),
    ("gone", mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, True),
    ("d" * 200 + "eep", mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, True),
)


@pytest.fixture
def mapped(tmp_path: Path) -> Iterator[List[Tuple[int, bytes]]]:
    """The files among some mapped ones whose contents a store to memory changes."""
    expected = []
    with ExitStack() as exits:
        for name, flags, protection, counts in MAPS:
            path = tmp_path / name
            path.write_bytes(bytes(5000))
            with open(path, "r+b") as file:
                exits.enter_context(mmap.mmap(file.fileno(), 5000, flags, protection))
            if counts:
                gone = b" (deleted)" if name == "gone" else b""
                expected.append((path.stat().st_ino, os.fsencode(path) + gone))
            if name == "gone":
                path.unlink()
        yield expected


def text() -> List[Tuple[int, bytes]]:
    with open("/proc/self/maps", "rb") as file:
        return list(mappings._read(file))


def test_answer_and_text_have_the_files_that_can_be_changed_and_no_others(
    mapped: List[Tuple[int, bytes]], tmp_path: Path
) -> None:
    here = os.fsencode(tmp_path)
    for found in (list(mappings.shared_writable()), text()):
        assert sorted(each for each in found if each[1].startswith(here)) == sorted(mapped)
    assert sorted(mappings.shared_writable()) == sorted(text())


def test_answer_is_of_another_process(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(bytes(5000))
    code = "import mmap, sys; f = open(sys.argv[1], 'r+b'); m = mmap.mmap(f.fileno(), 0); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert (path.stat().st_ino, os.fsencode(path)) in list(mappings.shared_writable(str(child.pid)))
        assert mappings.mapped_files().has(str(path), 0)
        child.communicate("\n")


def test_system_that_cannot_be_asked_is_read() -> None:
    # It answers no question about mappings, as no older system does.
    with open("/proc/self/status", "rb") as file:
        assert mappings._asked(file.fileno()) is None
