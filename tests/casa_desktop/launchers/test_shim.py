"""A container's launcher while it lacks something, with the container's own first process and no engine around it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import psutil
import pytest

from casa_desktop.runtime import rendezvous
from casa_desktop.runtime.rendezvous import Berth
from casa_desktop.system import messages
from casa_desktop.system.messages import Word

from ...support.living import started
from ...support.shortage import few_descriptors, little_memory

LAUNCHER = """
import os, sys
from pathlib import Path
from casa_desktop.launchers import shim
from casa_desktop.launchers import kernel
from casa_desktop.runtime import rendezvous
from casa_desktop.system.process import Command
berth = rendezvous.Berth(Path(sys.argv[1]))
lock = rendezvous.occupy(berth)
inner = [sys.executable, "-m", "casa_desktop.launchers.init", str(berth.socket), "1", "/", "cat", sys.argv[2]]
ready = lambda: print("ready", flush=True)
one = shim.Keeper(
    Command(inner, os.environ), berth, lock, lambda word: kernel.answer(word, None), parent=None, on_call=ready
)
kernel.run_container(kernel.Container("bwrap"), berth, one)
rendezvous.leave(berth, lock)
sys.exit(shim.exit_status(one))
"""


@pytest.fixture
def berth(root: Path) -> Berth:
    return rendezvous.new_berth()


@pytest.fixture
def launcher(berth: Berth, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """One whose program ends when something is written into a pipe."""
    os.mkfifo(tmp_path / "end")
    words = [sys.executable, "-c", LAUNCHER, str(berth.folder), str(tmp_path / "end")]
    with started(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.terminate()


@pytest.mark.parametrize("shortage", ["descriptors", "memory"])
def test_a_launcher_without_descriptors_or_memory_says_so_and_goes_on(
    launcher: subprocess.Popen[str], berth: Berth, tmp_path: Path, shortage: str
) -> None:
    path, question = str(berth.socket), Word("dance")
    process = psutil.Process(launcher.pid)
    with few_descriptors(launcher.pid, 0) if shortage == "descriptors" else little_memory(process, 0):
        for _ in range(3):
            answer = messages.ask(path, question, 10)
            assert (answer.kind, answer.value["kind"]) == ("failed", "Shortage"), json.dumps(answer)
    assert messages.ask(path, question, 10).value["text"] == "There is no such question: dance."
    (tmp_path / "end").write_text("")
    assert launcher.wait(30) == 0
