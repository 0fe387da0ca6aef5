"""Real desktops: Xvnc and IceWM, started and ended for each test."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from PIL import Image
from Xlib import X, display

from casa_desktop import errors
from casa_desktop.desktop import lifecycle, registry
from casa_desktop.runtime.record import Record
from casa_desktop.system import locks
from casa_desktop.x11 import screenshots

from ...support import traces
from ...support.living import family, living, name_of, started
from ...support.programs import write_program


def _listening_ports(processes: list[psutil.Process]) -> list[int]:
    ports = []
    for process in processes:
        # The painter of the background has done its work after a moment, and goes.
        with suppress(psutil.NoSuchProcess):
            connections = process.net_connections("tcp")
            ports += [each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN]
    return ports


@pytest.fixture
def connected(root: Path, monkeypatch: pytest.MonkeyPatch) -> display.Display:
    """A connection to the X server of a fresh desktop."""
    record = lifecycle.ensure()
    for key, value in lifecycle.environment(record).items():
        monkeypatch.setenv(key, value)
    connection = display.Display(record.display)
    yield connection
    connection.close()


def test_a_desktop_starts_shows_a_picture_and_ends_without_a_trace(root: Path) -> None:
    record = lifecycle.ensure()
    processes = family(record.supervisor_pid)
    assert record.x_server_pid in {each.pid for each in processes}
    assert Image.open(io.BytesIO(screenshots.screenshot(record))).size == (1600, 900)
    assert lifecycle.stop()
    # The supervisor lets go of its folder with its very last breath, which may still be on its way.
    _, living = psutil.wait_procs(processes, timeout=30)
    assert living == []
    assert not root.exists()
    assert traces.of_display(record.display) == []


def test_no_port_is_open_and_no_one_else_can_enter(root: Path) -> None:
    record = lifecycle.ensure()
    assert _listening_ports(family(record.supervisor_pid)) == []
    folder = root / "main"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert Path(record.rfb_socket).stat().st_mode & 0o777 == 0o600
    assert Path(record.xauthority).stat().st_mode & 0o777 == 0o600


def test_without_the_cookie_the_display_is_closed(root: Path) -> None:
    record = lifecycle.ensure()
    with pytest.raises(errors.ScreenshotFailed):
        screenshots.screenshot(replace(record, xauthority="/dev/null"))


def test_a_second_start_finds_the_first(root: Path) -> None:
    assert lifecycle.ensure() == lifecycle.ensure()


def test_many_who_start_at_once_get_one_desktop(root: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        records = set(pool.map(lambda _: lifecycle.ensure(), range(8)))
    assert len(records) == 1


def test_stopping_what_is_not_running_says_so(root: Path) -> None:
    assert not lifecycle.stop()
    assert registry.find() is None


def test_a_desktop_outlives_the_process_that_started_it(root: Path) -> None:
    code = "from casa_desktop.desktop import lifecycle; print(lifecycle.ensure().supervisor_pid)"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    record = registry.find()
    assert record is not None
    assert record.supervisor_pid == int(done.stdout)


def test_what_a_desktop_that_was_killed_as_a_whole_left_in_tmp_goes_with_the_next_start_or_stop(root: Path) -> None:
    record = lifecycle.ensure()
    # At one moment, as a container's end does it: neither can clear up behind the other.
    both = [psutil.Process(pid) for pid in (record.x_server_pid, record.supervisor_pid)]
    os.kill(record.supervisor_pid, signal.SIGSTOP)
    for each in both:
        each.kill()
    psutil.wait_procs(both, timeout=30)
    assert locks.wait_until_free(root / "main", 10)
    listener = Path(f"/tmp/.X11-unix/X{record.display[1:]}")
    assert listener.exists()
    lifecycle.stop()
    assert traces.of_display(record.display) == []
    assert not root.exists()


def test_a_killed_supervisor_takes_its_x_server_along_and_the_next_start_works(root: Path) -> None:
    first = lifecycle.ensure()
    both = [psutil.Process(pid) for pid in (first.x_server_pid, first.supervisor_pid)]
    os.kill(first.supervisor_pid, signal.SIGKILL)
    assert psutil.wait_procs(both, timeout=30)[1] == []
    # A child that it was about to start has its lock until that is another program.
    assert locks.wait_until_free(root / "main", 30)
    assert registry.find() is None
    second = lifecycle.ensure()
    assert second.x_server_pid != first.x_server_pid


def test_a_dead_window_manager_comes_back(connected: display.Display) -> None:
    record = registry.find()
    assert record is not None
    screen = connected.screen().root
    mark = connected.intern_atom("_NET_SUPPORTING_WM_CHECK")
    screen.change_attributes(event_mask=X.PropertyChangeMask)
    # A window manager announces itself on the root window. The first one's words must not be taken for the second's.
    while screen.get_full_property(mark, X.AnyPropertyType) is None:
        connected.next_event()
    [first] = _window_managers(record)
    first.kill()
    alarm = threading.Timer(20, connected.close)
    alarm.start()
    while getattr(connected.next_event(), "atom", None) != mark or _window_managers(record) in ([], [first]):
        pass
    alarm.cancel()
    assert len(_window_managers(record)) == 1


def _window_managers(record: Record) -> list[psutil.Process]:
    return [each for each in family(record.supervisor_pid) if name_of(each) == "icewm"]


def test_a_program_on_the_desktop_ends_with_it(root: Path) -> None:
    record = lifecycle.ensure()
    env = {**os.environ, **lifecycle.environment(record)}
    with started(["xterm"], env=env, stderr=subprocess.DEVNULL) as program:
        lifecycle.stop()
        assert program.wait(timeout=30) != 0


def test_a_missing_x_server_is_one_clear_error_at_once(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "icewm").symlink_to("/usr/bin/icewm")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.XServerMissing, match="apt install tigervnc-standalone-server") as missing:
        lifecycle.ensure()
    assert missing.value.package == "tigervnc-standalone-server"
    assert list(root.iterdir()) == []


def test_a_missing_window_manager_is_one_clear_error_and_leaves_no_x_server(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Xvnc").symlink_to("/usr/bin/Xvnc")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.WindowManagerMissing, match="apt install icewm"):
        lifecycle.ensure()
    assert list(root.iterdir()) == []


def test_an_x_server_that_ends_at_once_is_reported_with_its_own_words(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(tmp_path / "Xvnc", "echo no such extension: CASA >&2\nexit 3")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(errors.StartFailed, match="no such extension: CASA"):
        lifecycle.ensure()


def test_an_x_server_that_never_speaks_is_given_up_and_ended(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = tmp_path / "pid"
    pid.touch()
    write_program(tmp_path / "Xvnc", f"echo $$ > {pid}\nexec sleep 1000")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    # On a busy machine the time may be over before there is an X server.
    seconds = 4
    while not pid.read_text():
        with pytest.raises(errors.StartTimeout):
            lifecycle.ensure(timeout=seconds)
        seconds *= 2
    assert living(int(pid.read_text())) == []


def test_a_picture_of_a_desktop_that_has_gone_is_one_clear_error(root: Path) -> None:
    record = lifecycle.ensure()
    lifecycle.stop()
    with pytest.raises(errors.ScreenshotFailed, match="No picture of the desktop 'main'"):
        screenshots.screenshot(record)
