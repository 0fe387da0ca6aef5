"""What ends with a desktop, and what its user has detached and lives on: as after closing any desktop's terminals."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, Iterator

import psutil
import pytest

from casa_desktop.desktop import lifecycle, registry
from casa_desktop.runtime.record import Record
from casa_desktop.system import locks
from casa_desktop.x11 import screenshots

from ...support.living import command, is_alive
from ...support.victims import kill

# Says what it is and its number, and stays; with a word more it becomes that program.
JOB = """#!/bin/sh
echo "$1 $$" > {fifo}
shift
exec "${{@:-cat}}" < {forever}
"""
# A window of a program that heeds no signal, and does not end with its X server.
STUBBORN = """
import signal, sys
from Xlib.display import Display
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
shown = Display()
shown.screen().root.create_window(0, 0, 99, 99, 0, 24).map()
shown.sync()
open({fifo!r}, "w").write("stubborn %d\\n" % __import__("os").getpid())
sys.stdin.read()
"""
# In the terminal's shell, the last one in front.
LIVE_ON = {
    "nohup": "nohup {job} nohup > /dev/null &",
    "setsid": "setsid {job} setsid &",
    "two": "casa-desktop start --name two > /dev/null && {job} started_two true &",
}
END = {
    "behind": "{job} behind &",
    "window": "nohup {job} window xterm > /dev/null &",
    "front": "{job} front",
}
ENDS: Dict[str, Callable[[Record], object]] = {
    "stopped": lambda record: lifecycle.stop(),
    "killed": lambda record: (kill(record.supervisor_pid), registry.list_desktops()),
    "removed": lambda record: shutil.rmtree(record.at.folder),
}


@pytest.fixture
def jobs(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dict[str, psutil.Process]]:
    """The jobs in a terminal on the desktop, which its window manager has started, by what they are."""
    fifo, forever = tmp_path / "fifo", tmp_path / "forever"
    for each in (fifo, forever):
        os.mkfifo(each)
    heard, endless = os.open(fifo, os.O_RDWR), os.open(forever, os.O_RDWR)
    job, stubborn, script, manager = (tmp_path / each for each in ("job", "stubborn.py", "script", "icewm"))
    job.write_text(JOB.format(fifo=fifo, forever=forever))
    stubborn.write_text(STUBBORN.format(fifo=str(fifo)))
    lines = [*LIVE_ON.values(), f"setsid {sys.executable} {stubborn} < {forever} &", *END.values()]
    script.write_text("\n".join(line.format(job=job) for line in lines))
    # As IceWM starts what is in its menu: in a session of its own.
    # Once: the second desktop has the same window manager, and its jobs are not those of this test.
    terminal = f"mkdir {tmp_path / 'once'} 2>/dev/null && setsid xterm -e sh {script} &"
    manager.write_text(f'#!/bin/sh\n{terminal}\nexec {shutil.which("icewm")} "$@"\n')
    for each in (job, manager):
        each.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}")
    lifecycle.ensure()
    found: Dict[str, psutil.Process] = {}
    with os.fdopen(heard) as words:
        while len(found) < len(LIVE_ON) + len(END) + 1:
            name, number = words.readline().split()
            if name == "started_two":
                name, number = "two", str(registry.running("two").supervisor_pid)
            found[name] = psutil.Process(int(number))
        yield found
    os.close(endless)
    for each in found.values():
        # Some end with what has ended before.
        with suppress(psutil.NoSuchProcess):
            each.kill()


@pytest.mark.parametrize("end", ENDS)
def test_what_was_detached_in_a_terminal_outlives_its_desktop_and_all_else_does_not(
    end: str, jobs: Dict[str, psutil.Process], root: Path
) -> None:
    record = registry.running()
    x_server = psutil.Process(record.x_server_pid)
    ENDS[end](record)
    assert locks.wait_until_free(root / "main", 20)
    # A killed supervisor ends no program that clings to nothing.
    doomed = [jobs[each] for each in END] + ([jobs["stubborn"]] if end == "stopped" else [])
    _, alive = psutil.wait_procs([x_server, *doomed], timeout=20)
    assert [command(each) for each in alive] == []
    assert [each for each in LIVE_ON if not is_alive(jobs[each])] == []
    assert screenshots.screenshot(registry.running("two")).startswith(b"\x89PNG")
