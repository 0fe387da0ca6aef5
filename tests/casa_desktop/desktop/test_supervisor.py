"""Each of a desktop's processes is killed or stopped; what died comes back, or says why it cannot."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, List

import psutil
import pytest
from Xlib import X
from Xlib.display import Display

from casa_desktop import errors
from casa_desktop.desktop import cleanup, control, lifecycle, registry, starting
from casa_desktop.runtime import directory
from casa_desktop.runtime.record import Record
from casa_desktop.runtime.settings import Settings
from casa_desktop.system import files, locks
from casa_desktop.system.process import open_pid
from casa_desktop.x11 import screenshots

from ...support import living, traces
from ...support.clock import Stopwatch
from ...support.programs import write_program
from ...support.victims import kill

# What died is back within so many seconds.
SOON = 3.0


@contextmanager
def soon() -> Iterator[None]:
    """See that a with block takes no longer than that, without waits for processors that others have."""
    watch = Stopwatch()
    yield
    assert watch.seconds() < SOON


def _child(record: Record, name: str) -> psutil.Process:
    """Return one of the supervisor's children, which is there."""
    return _children(record, name)[0]


def _children(record: Record, name: str) -> List[psutil.Process]:
    """Return those of the supervisor's living children that are the program or the module ``name``."""
    children = living.below(record.supervisor_pid, recursive=False)
    return [each for each in children if name in (living.name_of(each), *living.command(each))]


def test_a_killed_x_server_is_back_soon_with_its_window_manager_and_the_record_tells(root: Path) -> None:
    first = lifecycle.ensure()
    with soon():
        kill(first.x_server_pid)
        second = lifecycle.ensure()
    assert second.supervisor_pid == first.supervisor_pid
    assert second.x_server_pid != first.x_server_pid
    assert second.started > first.started
    assert registry.find() == second
    assert screenshots.screenshot(second).startswith(b"\x89PNG")
    assert _child(second, "icewm").is_running()


def test_the_desktop_goes_on_being_found_while_its_x_server_is_away(root: Path) -> None:
    first = lifecycle.ensure()
    kill(first.x_server_pid)
    # A page that looks just now is not to take it for stopped.
    assert registry.running().supervisor_pid == first.supervisor_pid


def test_all_who_ask_for_a_desktop_whose_x_server_is_away_get_the_next_one(root: Path) -> None:
    kill(lifecycle.ensure().x_server_pid)
    found: List[Record] = []
    threads = [threading.Thread(target=lambda: found.append(lifecycle.ensure())) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert set(found) == {registry.running()}


def test_an_x_server_that_dies_again_and_again_is_given_up_with_words(root: Path) -> None:
    for _ in range(5):
        kill(lifecycle.ensure().x_server_pid)
    assert locks.wait_until_free(root / "main", 10)
    with pytest.raises(errors.NotRunning, match="Its X server ended 5 times within 60 s") as gone:
        registry.running()
    assert not isinstance(gone.value, errors.DesktopLost)
    assert lifecycle.ensure().x_server_pid


def test_an_x_server_that_cannot_come_back_is_given_up_with_its_own_words(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = tmp_path / "Xvnc"
    good.symlink_to("/usr/bin/Xvnc")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    record = lifecycle.ensure()
    good.unlink()
    write_program(good, "echo no such extension: CASA >&2\nexit 3")
    kill(record.x_server_pid)
    assert locks.wait_until_free(root / "main", 10)
    with pytest.raises(errors.NotRunning, match="no such extension: CASA"):
        registry.running()


def test_a_desktop_can_be_stopped_while_its_x_server_is_away(root: Path) -> None:
    kill(lifecycle.ensure().x_server_pid)
    assert lifecycle.stop()
    assert not root.exists()


def test_a_stopped_x_server_goes_on_soon(root: Path) -> None:
    record = lifecycle.ensure()
    os.kill(record.x_server_pid, signal.SIGSTOP)
    with soon():
        assert screenshots.titles(record) == []
    assert registry.find() == record


@pytest.fixture
def screen(display: Display) -> Display:
    """The desktop's display, with news of its properties, once the window manager is there."""
    root = display.screen().root
    root.change_attributes(event_mask=X.PropertyChangeMask)
    mark = display.intern_atom("_NET_SUPPORTING_WM_CHECK")
    while root.get_full_property(mark, X.AnyPropertyType) is None:
        display.next_event()
    return display


def test_a_stopped_window_manager_goes_on_soon(screen: Display) -> None:
    _child(registry.running(), "icewm").suspend()
    env = {**os.environ, **lifecycle.environment(registry.running())}
    with living.started(["xterm"], env=env, stderr=subprocess.DEVNULL) as program:
        wanted = screen.intern_atom("_NET_CLIENT_LIST")
        alarm = threading.Timer(20, screen.close)
        alarm.start()
        while getattr(screen.next_event(), "atom", None) != wanted:
            pass
        alarm.cancel()
        program.kill()


def test_a_killed_caretaker_is_back_and_stops_the_unused_desktop(root: Path) -> None:
    record = lifecycle.ensure(settings=Settings(idle_minutes=0.1))
    _await_caretaker(record)
    _child(record, "casa_desktop.desktop.agent").kill()
    assert locks.wait_until_free(root / "main", 20)
    with pytest.raises(errors.NotRunning, match=r"0\.1 minutes without use"):
        registry.running()


def _await_caretaker(record: Record) -> None:
    """Return when the caretaker has been started; the supervisor has no more to do then, and waits."""
    deadline = time.monotonic() + 30
    while not _children(record, "casa_desktop.desktop.agent"):
        assert time.monotonic() < deadline


def test_a_stopped_supervisor_is_woken_by_who_needs_an_x_server(root: Path) -> None:
    record = lifecycle.ensure()
    os.kill(record.supervisor_pid, signal.SIGSTOP)
    kill(record.x_server_pid)
    with soon():
        assert lifecycle.ensure().x_server_pid != record.x_server_pid


def test_a_stopped_desktop_can_be_stopped_for_good(root: Path) -> None:
    record = lifecycle.ensure()
    everybody = living.family(record.supervisor_pid)
    for each in everybody:
        # The painter of the background ends by itself.
        with suppress(psutil.NoSuchProcess):
            each.suspend()
    assert lifecycle.stop()
    assert psutil.wait_procs(everybody, timeout=30)[1] == []
    assert not root.exists()


# The same on all architectures: pidfd_getfd(2), from Linux 5.6 on.
_SYS_PIDFD_GETFD = 438


def test_a_program_that_was_stopped_as_it_began_does_not_keep_the_desktop(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_AFTER_KILL_SECONDS", 0.5)
    record = lifecycle.ensure()
    at = directory.places("main")
    # Until it becomes the program, a forked process has the supervisor's lock and mark.
    lock = _descriptor_of(record.supervisor_pid, at.folder)
    with subprocess.Popen(["sleep", "1000"], env={**os.environ, **cleanup.mark(at)}, pass_fds=[lock]) as forked:
        os.close(lock)
        os.kill(forked.pid, signal.SIGSTOP)
        kill(record.supervisor_pid)
        try:
            assert lifecycle.stop(timeout=1)
        finally:
            forked.kill()
    assert not root.exists()


def _descriptor_of(pid: int, path: Path) -> int:
    """Return a copy of the descriptor by which a process has a folder open, with its lock."""
    process = open_pid(pid)
    (number,) = (int(each.name) for each in Path(f"/proc/{pid}/fd").iterdir() if os.readlink(each) == str(path))
    descriptor = int(ctypes.CDLL(None).syscall(_SYS_PIDFD_GETFD, process, number, 0))
    assert process is not None
    os.close(process)
    if descriptor < 0:
        pytest.skip("a descriptor of another process can be had from Linux 5.6 on")
    return descriptor


def test_a_supervisor_that_was_stopped_before_it_wrote_a_record_is_ended(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its parent is the supervisor, which waits for a display's number.
    write_program(tmp_path / "Xvnc", "kill -STOP $PPID\nexec sleep 1000")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(starting, "LAST_WORD_SECONDS", 0.5)
    asked = threading.Thread(target=_ensure_in_vain)
    asked.start()
    asked.join()
    assert not lifecycle.stop(timeout=1)
    assert not root.exists()


def _ensure_in_vain() -> None:
    with pytest.raises(errors.CasaDesktopError):
        lifecycle.ensure(timeout=0.5)


@pytest.fixture
def lost(root: Path) -> Iterator[Record]:
    """The record of a desktop whose supervisor and X server were killed, with a program that does not end by itself.

    The server's files stay. One that was merely stopped would end in its own time, and remove them: the group of a
    stopped process whose parent ends is continued by Linux.
    """
    record = lifecycle.ensure()
    # As in a container, where everything is the desktop's own.
    env = {**os.environ, **cleanup.mark(directory.places("main"))}
    with living.started(["sleep", "1000"], env=env, start_new_session=True) as stray:
        # Else it would begin to tidy up.
        os.kill(record.supervisor_pid, signal.SIGSTOP)
        kill(record.x_server_pid)
        kill(record.supervisor_pid)
        # What it was just starting, and was not yet another program, holds its lock for a moment.
        assert locks.wait_until_free(root / "main", 30)
        assert traces.of_display(record.display)
        assert stray.poll() is None
        yield record
        stray.wait(30)


def test_what_a_killed_supervisor_left_ends_with_the_next_start(lost: Record, root: Path) -> None:
    with pytest.raises(errors.DesktopLost, match="its supervisor was killed"):
        registry.running()
    again = lifecycle.ensure()
    assert again.x_server_pid != lost.x_server_pid
    assert screenshots.screenshot(again).startswith(b"\x89PNG")


def test_what_a_killed_supervisor_left_ends_with_the_next_look(lost: Record, root: Path) -> None:
    assert registry.list_desktops() == []
    assert [each.name for each in root.iterdir()] == [".main.ended"]
    assert traces.of_display(lost.display) == []
    with pytest.raises(errors.DesktopLost):
        registry.running()
    # Its user does not want it back.
    lifecycle.stop()
    assert not root.exists()
    with pytest.raises(errors.NotRunning) as gone:
        registry.running()
    assert not isinstance(gone.value, errors.DesktopLost)


def test_a_dead_desktop_of_another_pid_namespace_is_not_ours_to_bury(lost: Record, root: Path) -> None:
    at = directory.places("main")
    files.write(at.record, Record(**{**vars(lost), "pid_namespace": "pid:[1]"}))
    assert registry.list_desktops() == []
    assert at.record.exists()
    lifecycle.stop()


def test_a_lost_desktop_that_is_being_started_is_lost_until_it_is_there(lost: Record, root: Path) -> None:
    told = []
    code = "from casa_desktop.desktop import lifecycle; lifecycle.ensure()"
    with subprocess.Popen([sys.executable, "-c", code]) as starter:
        while starter.poll() is None:
            try:
                registry.running()
            except errors.NotRunning as error:
                told.append(type(error))
    assert set(told) == {errors.DesktopLost}
    assert registry.find() is not None
