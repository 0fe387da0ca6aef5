"""A day in half a minute, a computer that sleeps, and a clock that is set.

libfaketime, which a program loads before all others, speeds up the clocks that desktops go by, and sets them: X's, the
caretaker's and the server's own alike. While a computer sleeps the monotonic clock stands still and the wall's goes
on; to a program that is the same as a wall clock that jumps.
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, Iterator
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from casa_desktop.desktop import lifecycle, registry, usage
from casa_desktop.errors import NotRunning
from casa_desktop.runtime.record import Record
from casa_desktop.runtime.settings import Settings
from casa_desktop.system import locks

from ..support.lab import Jupyter

LIBRARIES = list(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
pytestmark = pytest.mark.skipif(not LIBRARIES, reason="Debian's package libfaketime is not installed")
SPEED = 3000
HOUR = 3600 / SPEED
LINK_ENDED = 4403


@pytest.fixture
def root(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime directory of the test's own."""
    folder = place / "fast"
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(folder))
    yield folder
    lifecycle.stop()
    assert not folder.exists()


@pytest.fixture
def start(root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Record]:
    """Starts a desktop whose processes live by another clock; ``more`` are libfaketime's variables."""

    def start(minutes: float, timeout: float, **more: str) -> Record:
        with monkeypatch.context() as context:
            for name, value in {"LD_PRELOAD": str(LIBRARIES[0]), **more}.items():
                context.setenv(name, value)
            return lifecycle.ensure(settings=Settings(idle_minutes=minutes), timeout=timeout)

    return start


@pytest.fixture
def ends(root: Path) -> Callable[[float], bool]:
    """Tells whether the desktop ends within so many seconds of ours."""
    return lambda seconds: locks.wait_until_free(root / "main", seconds)


def test_a_day_of_views_work_and_rest(start: Callable[..., Record], ends: Callable[[float], bool]) -> None:
    fast = {"FAKETIME": f"+0 x{SPEED}"}
    record = start(120, 20.0 * SPEED, **fast)
    # Somebody looks for a working day, goes, and is back in time with a kernel's long cell.
    view = usage.watch(record)
    assert not ends(8 * HOUR)
    os.close(view)
    assert not ends(1 * HOUR)
    cell = usage.work(record)
    assert not ends(5 * HOUR)
    os.close(cell)
    # A view that comes and goes at night.
    assert not ends(1 * HOUR)
    os.close(usage.watch(record))
    assert not ends(1 * HOUR)
    assert ends(7 * HOUR)
    with pytest.raises(NotRunning, match=r"It was stopped after 120 minutes without use"):
        registry.running()
    # The next morning.
    again = start(120, 20.0 * SPEED, **fast)
    assert again.supervisor_pid != record.supervisor_pid
    assert not ends(1 * HOUR)


class WallClock:
    """A wall's clock that is set for programs that are running, while their monotonic clock goes on.

    Attributes:
        variables: what these programs are to be started with.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)
        self.variables = {
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, seconds: int) -> None:
        """Let it be so much later than it is."""
        partial = self._file.with_suffix(".new")
        partial.write_text(f"{seconds:+d}\n")
        partial.replace(self._file)


@pytest.fixture
def wall(tmp_path: Path) -> WallClock:
    """One that goes right, to begin with."""
    return WallClock(tmp_path / "offset")


@pytest.mark.parametrize("jump", [36_000, -36_000])
def test_neither_sleep_nor_a_clock_that_is_set_is_rest_or_use(
    start: Callable[..., Record], ends: Callable[[float], bool], wall: WallClock, jump: int
) -> None:
    record = start(2 / 60, 20, **wall.variables)
    # With a terminal in which nothing runs: the system tells by the wall's clock when it was used.
    variables = {**os.environ, **lifecycle.environment(record), "ENV": "", "PS1": "$ "}
    terminal = subprocess.Popen(["xterm", "-e", "sh"], env=variables, stderr=subprocess.DEVNULL)
    try:
        view = usage.watch(record)
        assert not ends(1)
        os.close(view)
        wall.set(jump)
        assert not ends(1)
        assert ends(15)
    finally:
        terminal.kill()
        terminal.wait()


def test_a_link_that_ends_while_the_server_sleeps_ends_when_it_wakes(
    root: Path, wall: WallClock, environment: Dict[str, str], place: Path
) -> None:
    own = {**environment, "CASA_DESKTOP_RUNTIME_DIR": str(root), "LD_PRELOAD": str(LIBRARIES[0]), **wall.variables}
    # Every so many seconds the server asks whether the browser is there.
    with Jupyter(place, own, ["--ServerApp.tornado_settings={'websocket_ping_interval': 1}"]) as server:
        headers = {"Authorization": f"token {server.token}"}
        desktops = f"{server.url}casa-desktop/api/desktops"
        for address, body in ((desktops, {}), (f"{desktops}/main/shares", {"minutes": 5})):
            with urlopen(Request(address, json.dumps(body).encode(), headers, method="POST"), timeout=60) as answer:
                made = json.load(answer)
        guest_s = f"{server.url.replace('http', 'ws')}casa-desktop/api/shared/{made['token']}/rfb"
        with connect(guest_s, additional_headers=headers) as guest:
            guest.send(b"RFB 003.008\n\1\1")
            wall.set(10 * 60)
            # Until it is closed; a server that does not is not waited for.
            with suppress(ConnectionClosed):
                while True:
                    guest.recv(30)
            assert guest.close_code == LINK_ENDED
