from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import time

import psutil
import pytest

from casa_desktop.system import process
from casa_desktop.system.process import (
    Command,
    belonging,
    end,
    is_stopped,
    namespace,
    open_pid,
    read_line,
    spawn,
)

from ...support.living import is_alive, living, started


def _python(code: str) -> subprocess.Popen[bytes]:
    """Start a child that says one line when it is ready, and wait for that line."""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    child.stdout.close()
    return child


def test_a_child_that_ignores_sigterm_is_killed() -> None:
    child = _python(
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"
    )
    end([psutil.Process(child.pid)], grace=0.2)
    assert not psutil.pid_exists(child.pid)
    child.wait()


def test_a_stopped_child_ends_by_sigterm() -> None:
    child = _python("import signal; print('ready', flush=True); signal.pause()")
    child.send_signal(signal.SIGSTOP)
    end([psutil.Process(child.pid)], grace=5)
    assert not psutil.pid_exists(child.pid)
    child.wait()


def test_a_spawned_child_dies_with_its_parent() -> None:
    code = (
        "import os, signal, sys\n"
        "from casa_desktop.system.process import Command\n"
        "from casa_desktop.system.process import spawn\n"
        "child = spawn(Command(('sleep', '1000'), dict(os.environ)), log=open(os.devnull, 'wb'))\n"
        "print(child, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=False)
    assert done.returncode == -signal.SIGKILL
    child = living(int(done.stdout))
    psutil.wait_procs(child, timeout=30)
    assert not any(map(is_alive, child))


def test_a_spawned_child_has_a_process_group_and_an_environment_of_its_own() -> None:
    with tempfile.TemporaryFile() as log:
        code = "import os; print(os.getpgid(0) == os.getpid(), dict(os.environ).get('A'), os.environ.get('HOME'))"
        child = spawn(Command((sys.executable, "-c", code), {"A": "b"}), log=log)
        assert os.waitpid(child, 0) == (child, 0)
        log.seek(0)
        assert log.read() == b"True b None\n"


def test_a_spawned_child_s_timers_may_be_as_late_as_they_are_told() -> None:
    with tempfile.TemporaryFile() as log, open("/proc/self/timerslack_ns", encoding="utf-8") as file:
        for slack in (0.0, 0.05):
            command = Command(("cat", "/proc/self/timerslack_ns"), dict(os.environ))
            os.waitpid(spawn(command, log=log, timer_slack=slack), 0)
        log.seek(0)
        assert log.read().decode() == f"{file.read()}50000000\n"


def test_a_line_is_read_as_soon_as_it_is_there() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"7\n")
    assert read_line(reader, time.monotonic() + 30) == b"7"
    os.close(writer)
    assert read_line(reader, time.monotonic() + 30) == b""
    os.close(reader)


def test_a_silent_writer_is_given_up_at_the_deadline() -> None:
    reader, writer = os.pipe()
    assert read_line(reader, time.monotonic() + 0.05) is None
    os.close(reader)
    os.close(writer)


def test_the_end_of_another_process_is_an_event() -> None:
    child = _python("import signal; print('ready', flush=True); signal.pause()")
    descriptor = open_pid(child.pid)
    assert descriptor is not None
    assert select.select([descriptor], [], [], 0)[0] == []
    child.kill()
    assert select.select([descriptor], [], [], 10)[0] == [descriptor]
    os.close(descriptor)
    child.wait()
    with pytest.raises(ProcessLookupError):
        open_pid(child.pid)


def test_what_belongs_to_a_container_is_found_by_its_mark_and_by_its_engines_session() -> None:
    wait = [sys.executable, "-c", "import signal; print('ready', flush=True); signal.pause()"]
    with started(wait, env={"WHERE": "at /berth/a"}, stdout=subprocess.PIPE) as bearing, started(
        wait, start_new_session=True, stdout=subprocess.PIPE
    ) as leading:
        for each in (bearing, leading):
            assert each.stdout is not None
            each.stdout.readline()
        assert [each.pid for each in belonging("/berth/a", 0)] == [bearing.pid]
        assert {each.pid for each in belonging("/berth/a", leading.pid)} == {bearing.pid, leading.pid}


def test_processes_of_one_place_have_a_namespace_of_one_name_and_the_dead_have_none() -> None:
    with _python("import signal; print('ready', flush=True); signal.pause()") as child:
        assert namespace("pid") == namespace("pid", child.pid) != ""
        child.kill()
    assert namespace("mnt", child.pid) == ""


def test_a_stopped_process_is_told_from_one_that_waits_and_from_a_dead_one() -> None:
    with _python("import signal; print('ready', flush=True); signal.pause()") as child:
        assert not is_stopped(child.pid)
        child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        assert is_stopped(child.pid)
        child.kill()
    assert not is_stopped(child.pid)


def test_what_was_given_a_variable_is_found_by_its_very_value() -> None:
    wait = [sys.executable, "-c", "import signal; print('ready', flush=True); signal.pause()"]
    with started(wait, env={"WHERE": "/a/main"}, stdout=subprocess.PIPE) as bearing, started(
        wait, env={"WHERE": "/a/main2", "OTHER": "/a/main"}, stdout=subprocess.PIPE
    ) as other:
        for each in (bearing, other):
            assert each.stdout is not None
            each.stdout.readline()
        assert [each.pid for each in process.bearing("WHERE", "/a/main")] == [bearing.pid]
