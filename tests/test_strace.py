"""The reader of traces, held against a program that does to files what can be done to them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .support import strace

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed here")

PROGRAM = """
import mmap, os, subprocess, sys, threading

open("before").read()
os.path.exists("/mark/one")
open("old").read()
os.path.exists("seen")
os.path.exists("missing")
with open("new", "w") as file:
    file.write("x")
open("new").read()
os.mkdir("scratch")
open("scratch/file", "w").close()
os.unlink("scratch/file")
os.rmdir("scratch")
os.rename("moved", "target")
os.unlink("gone")
os.path.exists("gone")
with open("mapped", "r+b") as file:
    mmap.mmap(file.fileno(), 0)[0] = 65
with open("opened", "r+b") as file:
    file.read()
os.listdir("folder")
thread = threading.Thread(target=lambda: open("by-thread").read())
thread.start()
thread.join()
subprocess.run([sys.executable, "-Sc", "open('by-child').read(); open('made', 'w')"], cwd="folder", check=True)
if os.fork() == 0:
    os.path.exists("/mark/two")
    open("by-fork").read()
    os._exit(0)
os.wait()
"""


def test_what_a_program_did_is_read_from_its_trace(tmp_path: Path) -> None:
    place = Path(os.path.realpath(tmp_path)) / "work"
    (place / "folder").mkdir(parents=True)
    there = ("before", "old", "seen", "moved", "gone", "mapped", "opened", "by-thread", "by-fork", "folder/by-child")
    for name in there:
        (place / name).write_text("x")
    trace = tmp_path / "trace"
    subprocess.run([*strace.COMMAND, "-o", trace, sys.executable, "-Sc", PROGRAM], cwd=place, check=True)
    deeds = strace.deeds(trace, "/mark", str(place))

    def in_place(name: str, part: str = "one") -> set[str]:
        paths = getattr(deeds[part], name)
        return {os.path.relpath(path, place) for path in paths if path.startswith(f"{place}/")}

    assert in_place("read") == {"old", "mapped", "opened", "folder", "by-thread", "folder/by-child"}
    assert in_place("seen") == {"seen"}
    assert in_place("missed") == {"missing"}
    assert in_place("written") == {"new", "target", "mapped", "folder/made"}
    assert in_place("removed") == {"moved", "gone"}
    assert in_place("read", "two") == {"by-fork"}
