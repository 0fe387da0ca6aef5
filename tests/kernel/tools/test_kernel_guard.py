"""A kernel's guard, which ends the tools and removes the private folder, also while something forked lives on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Dict, Iterator

import psutil
import pytest
from inotify_simple import INotify, flags

from ...support.living import below, is_alive, with_word
from ...support.shortage import small_disk

# Stands for a kernel: it has a tool, and whatever is forked; it ends when it reads a line, as a kernel does.
PROGRAM = """
import ctypes, os, subprocess, sys
from casa_kernel.tools import processes
from casa_kernel.tools.children import Children
libc = ctypes.CDLL(None)

def settle():
    os.setsid()
    libc.sleep(1000)
    os._exit(0)

children = Children()
tool = processes.start(children.private, "sleep", ["sleep", "1000"], os.environ, server=False)
children.keep("sleep", tool)
# As one whose kernel is killed before it has registered it.
late, _ = processes._run("sleep", ["sleep", "1000"], os.environ, children.private.new_folder("sleep"), None)
daemon = {fork}
print(children.private.path, tool.process.pid, late.pid, daemon, flush=True)
sys.stdin.readline()
children.close()
"""
FORKS = {
    "Python": "os.fork() or settle()",
    "native code": "libc.fork() or settle()",
    "subprocess": "subprocess.Popen(['sleep', '1000'], start_new_session=True, close_fds=False).pid",
}


class Kernel:
    """One that runs.

    Attributes:
        process: its process.
        folder: its private one.
        tool, late, daemon: what it has started; it has not registered ``late``.
    """

    def __init__(self, fork: str, env: Dict[str, str]) -> None:
        words = [sys.executable, "-c", PROGRAM.format(fork=FORKS[fork])]
        self.process = subprocess.Popen(words, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        folder, *pids = self.process.stdout.readline().decode().split()
        self.folder = Path(folder)
        self.tool, self.late, self.daemon = (psutil.Process(int(each)) for each in pids)

    def end(self) -> int:
        """Have it end as a kernel does; return its exit status. Its output may be held open by what it has forked."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return self.process.wait(20)

    def guard(self) -> psutil.Process:
        [found] = with_word(below(self.process.pid), str(self.folder))
        return found


@pytest.fixture
def kernel(request: pytest.FixtureRequest, environment: Dict[str, str]) -> Iterator[Kernel]:
    found = Kernel(request.param, environment)
    with found.process:
        yield found
        found.process.kill()
        for each in (found.daemon, found.late, found.tool):
            with suppress(psutil.NoSuchProcess):
                each.kill()


@pytest.mark.parametrize("kernel", FORKS, indirect=True)
def test_tools_and_folder_of_a_killed_kernel_go_while_what_it_forked_lives_on(kernel: Kernel) -> None:
    guard = kernel.guard()
    kernel.process.kill()
    assert psutil.wait_procs([kernel.tool, kernel.late, guard], timeout=20)[1] == []
    assert [*kernel.folder.parent.glob(f"{kernel.folder.name}*")] == []
    assert is_alive(kernel.daemon)


@pytest.mark.parametrize("kernel", ["Python"], indirect=True)
@pytest.mark.parametrize("first", ["folder", "kernel"])
def test_tools_of_a_killed_kernel_go_whose_folder_is_removed_by_somebody_else(kernel: Kernel, first: str) -> None:
    guard = kernel.guard()
    if first == "folder":
        shutil.rmtree(kernel.folder)
        kernel.process.kill()
    else:
        # The guard goes on when the folder is gone.
        guard.suspend()
        kernel.process.kill()
        shutil.rmtree(kernel.folder)
        guard.resume()
    assert psutil.wait_procs([kernel.tool, kernel.late, guard], timeout=20)[1] == []
    assert is_alive(kernel.daemon)


@pytest.mark.parametrize("kernel", FORKS, indirect=True)
def test_a_kernel_that_ends_by_itself_does_not_wait_for_what_it_forked(kernel: Kernel) -> None:
    assert kernel.end() == 0
    assert not kernel.folder.exists()
    assert is_alive(kernel.daemon)


@pytest.mark.parametrize("kernel", ["Python"], indirect=True)
def test_a_guard_heeds_no_signal_of_a_terminal_and_a_kernel_ends_without_it(kernel: Kernel) -> None:
    guard = kernel.guard()
    # The last that it comes to ignore.
    while not _ignores(guard.pid, signal.SIGHUP):
        pass
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(guard.pid, number)
    assert is_alive(guard)
    guard.kill()
    assert kernel.end() == 0
    assert not kernel.folder.exists()


@pytest.mark.parametrize("kernel", ["Python"], indirect=True)
@pytest.mark.parametrize("killed", [True, False])
def test_a_full_disk_is_noted_where_the_kernel_died_and_not_where_it_ended(
    kernel: Kernel, killed: bool, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    with small_disk(tmp_path / "a disk", 16) as disk, INotify() as events:
        (kernel.folder / "working-folder").symlink_to(disk.path)
        (kernel.folder / "note").symlink_to(notes / "note")
        disk.fill()
        events.add_watch(notes, flags.MOVED_TO)
        guard = kernel.guard()
        if killed:
            kernel.process.kill()
            assert events.read(timeout=60_000)
            assert (notes / "note").read_text() == f"0 {disk.path}"
        else:
            kernel.end()
            guard.wait(60)
        assert [each.name for each in notes.iterdir()] == ["note"] * killed


def _ignores(pid: int, number: int) -> bool:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [ignored] = [int(line.split()[1], 16) for line in lines if line.startswith("SigIgn:")]
    return bool(ignored >> (number - 1) & 1)
