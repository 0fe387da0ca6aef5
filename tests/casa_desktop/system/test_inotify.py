"""Where the system has no inotify instance or watch left; real processes in a user namespace that has none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Sequence

import pytest

from casa_desktop.desktop import lifecycle, registry
from casa_desktop.errors import NotRunning
from casa_desktop.runtime import directory
from casa_desktop.runtime.record import Record
from casa_desktop.system import locks
from casa_desktop.system.inotify import Watches

from ...support.shortage import NO_INSTANCE, NO_WATCH

without = pytest.mark.parametrize("within", [NO_INSTANCE, NO_WATCH], ids=["no instance", "no watch"])


def told(within: Sequence[str], code: str, *words: object) -> str:
    """Run Python code to its end, by a command; return what it printed."""
    argv = [*within, sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    return done.stdout.strip()


def test_what_is_not_there_is_no_shortage(tmp_path: Path) -> None:
    watches = Watches()
    watches.begin()
    with pytest.raises(FileNotFoundError):
        watches.add(str(tmp_path / "missing"), 2)
    assert watches.shortage is None
    watches.close()
    assert (watches.readable, watches.read()) == ([], [])
    watches.close()


ALARM = """
import sys
from inotify_simple import flags
from casa_desktop.system.file_alarm import Alarm
path, limit, number = sys.argv[1:]
alarm = Alarm(0.05)
alarm.open()
for _ in range(3):
    alarm.arm(path, flags.MODIFY)
    print(alarm.wait(), end=" ")
with open(limit, "w") as file:
    file.write(number)
alarm.arm(path, flags.MODIFY)
alarm.wait(0)
# Now there is one, and nothing happens until something is written.
alarm.arm(path, flags.MODIFY)
print(alarm.wait(0.3), end=" ")
with open(path, "w") as file:
    file.write("news")
print(alarm.wait(20), end=" ")
alarm.close()
"""


@pytest.mark.parametrize(("within", "kind"), [(NO_INSTANCE, "instances"), (NO_WATCH, "watches")])
def test_an_alarm_without_watches_looks_until_there_are_some(tmp_path: Path, within: Sequence[str], kind: str) -> None:
    file = tmp_path / "log"
    file.touch()
    assert told(within, ALARM, file, f"/proc/sys/user/max_inotify_{kind}", 9) == "True True True False True"


SLEEPER = """
import sys, threading
from inotify_simple import flags
from casa_desktop.system.file_alarm import Alarm
alarm = Alarm(0.05)
alarm.open()
threading.Timer(0.1, alarm.arm, [sys.argv[1], flags.MODIFY]).start()
print(alarm.wait(), alarm.wait(), alarm.wait(0.1))
"""


@without
def test_an_alarm_that_sleeps_without_end_is_woken_when_there_is_no_watch_for_another_thread(
    tmp_path: Path, within: Sequence[str]
) -> None:
    assert told(within, SLEEPER, tmp_path) == "True True False"


LOOKOUT = """
import asyncio, sys
from pathlib import Path
from casa_desktop.views import runtime_watch
async def main():
    news, warnings = asyncio.Event(), []
    watching = runtime_watch.Lookout(news.set, warnings.append, 0.05)
    watching.start()
    for name in ("one", "two"):
        Path(sys.argv[1], name).mkdir()
        while len(list(Path(sys.argv[1]).iterdir())) < (name == "two") + 1 or not news.is_set():
            await news.wait()
        news.clear()
    watching.close()
    print(*warnings)
asyncio.run(main())
"""


@without
def test_a_lookout_without_watches_looks_from_time_to_time_and_warns_once(root: Path, within: Sequence[str]) -> None:
    warning = told(within, LOOKOUT, root)
    assert warning.count("Desktops cannot be watched: no inotify ") == 1
    assert "They are looked at every 0.05 s instead." in warning
    assert "fs.inotify.max_user_instances" in warning


ENSURE = """
import os, sys, signal
from casa_desktop.desktop import lifecycle
from casa_desktop.system import process
from casa_desktop.runtime.settings import Settings
record = lifecycle.ensure(settings=Settings(idle_minutes=float(sys.argv[1])))
if sys.argv[2:]:
    end = process.open_pid(record.x_server_pid)
    os.kill(record.x_server_pid, signal.SIGKILL)
    import select
    select.select([end], [], [])
    again = lifecycle.ensure()
    assert again.x_server_pid != record.x_server_pid
    assert again.supervisor_pid == record.supervisor_pid
"""


@without
def test_an_unused_desktop_is_stopped_without_watches_too(root: Path, within: Sequence[str]) -> None:
    told(within, ENSURE, 0.02)
    assert locks.wait_until_free(root / "main", 30)
    with pytest.raises(NotRunning, match=r"0\.02 minutes without use"):
        registry.running()


@without
def test_an_x_server_that_comes_back_is_found_without_watches_too(root: Path, within: Sequence[str]) -> None:
    told(within, ENSURE, 0, "kill")


WITHOUT_RECORD = """
import os, sys
from casa_desktop.desktop import lifecycle
record = lifecycle.ensure()
os.remove(record.at.record)
if sys.argv[1] == "ensure":
    # The start must not wait for the supervisor's end: it restores the record.
    assert lifecycle.ensure(timeout=30) == record
else:
    assert lifecycle.stop(timeout=30)
"""


@without
@pytest.mark.parametrize("act", ["ensure", "stop"])
def test_a_desktop_without_its_record_is_waited_for_without_watches_too(
    root: Path, within: Sequence[str], act: str
) -> None:
    try:
        told(within, WITHOUT_RECORD, act)
    finally:
        lifecycle.stop()
    assert not directory.names()


USED = """
import os, sys, time
from pathlib import Path
from casa_desktop.system import locks
from casa_desktop.desktop.idle import Idleness
from casa_desktop.runtime.directory import Places
at = Places(Path(sys.argv[1]))
# The clock goes on when it is told to, however long the processors keep this program waiting.
now = 1000.0
time.monotonic = lambda: now
idleness = Idleness(at, 10, lambda: 1e6)
print(idleness.look(), end=" ")
os.close(locks.share(at.record, locks.WORK))
now += 10
print(idleness.look(), end=" ")
now += 10
print(idleness.look())
"""


@without
def test_a_use_between_two_looks_counts_without_watches_too(root: Path, within: Sequence[str]) -> None:
    at = directory.places("main")
    at.folder.mkdir()
    Record("main", ":1", str(at.xauthority), str(at.rfb_socket), 1, 1, 0.0, "1").write(at.record)
    assert told(within, USED, at.folder) == "1.0 1.0 0.0"


@pytest.mark.parametrize(
    ("within", "state", "words", "remedy"),
    [
        ((), None, " inotify instances of this user are in use", ""),
        (NO_INSTANCE, "note", "no inotify instance is left", "sysctl user.max_inotify_instances=1024"),
        (NO_WATCH, "note", "no inotify watch is left", "sysctl fs.inotify.max_user_watches=524288"),
    ],
    ids=["all is there", "no instance", "no watch"],
)
def test_the_doctor_tells_how_many_instances_are_in_use_and_what_to_do(
    within: Sequence[str], state: str, words: str, remedy: str
) -> None:
    code = (
        "import json; from casa_desktop.cli import inotify_check; print(json.dumps(inotify_check.examine().as_dict()))"
    )
    finding = json.loads(told(within, code))
    assert finding["subject"] == "watches on files"
    assert state in (None, finding["state"])
    assert words in finding["found"]
    assert remedy in finding["remedy"]
