"""Files of X servers in /tmp: those of the dead go, those of the living stay."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import Iterator

import psutil
import pytest

from casa_desktop.runtime import x_files

# No X server looks for a free display up here.
NUMBER = 58_000 + os.getpid() % 1000
LOCK, LISTENER = Path(f"/tmp/.X{NUMBER}-lock"), Path(f"/tmp/.X11-unix/X{NUMBER}")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that listens where the X server of the display would."""
    LISTENER.parent.mkdir(mode=0o1777, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(LISTENER))
        listener.listen(0)
        yield listener
    for path in (LISTENER, LOCK):
        path.unlink(missing_ok=True)


def test_socket_and_lock_of_a_dead_server_are_removed(listener: socket.socket) -> None:
    _write_lock()
    listener.close()
    x_files.remove_dead(f":{NUMBER}")
    assert not LISTENER.exists()
    assert not LOCK.exists()


def test_socket_and_lock_of_a_living_server_stay(listener: socket.socket) -> None:
    LOCK.write_text(f"{os.getpid():10d}\n")
    x_files.remove_dead(f":{NUMBER}")
    assert LISTENER.exists()
    assert LOCK.exists()


def test_a_server_too_busy_to_answer_is_alive(listener: socket.socket) -> None:
    # Its queue has room for one.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as waiting:
        waiting.connect(str(LISTENER))
        x_files.remove_dead(f":{NUMBER}")
    assert LISTENER.exists()


@pytest.mark.parametrize("display", ["", ":", ":x", pytest.param(f":{NUMBER}", id="free")])
def test_where_there_is_no_display_nothing_happens(display: str) -> None:
    x_files.remove_dead(display)


def _write_lock() -> None:
    """Write the lock as an X server does that has ended since."""
    with subprocess.Popen(["true"]) as server:
        pass
    LOCK.write_text(f"{server.pid:10d}\n")


def test_a_pipe_in_a_lock_s_place_is_not_waited_for() -> None:
    os.mkfifo(LOCK)
    x_files.remove_dead(f":{NUMBER}")
    assert LOCK.is_fifo()
    LOCK.unlink()


@pytest.mark.parametrize("target", ["/dev/zero", "/nowhere"])
def test_a_link_in_a_lock_s_place_is_not_followed(target: str) -> None:
    LOCK.symlink_to(target)
    x_files.remove_dead(f":{NUMBER}")
    assert LOCK.is_symlink()
    LOCK.unlink()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of somebody else's")
def test_what_is_somebody_else_s_stays(listener: socket.socket) -> None:
    listener.close()
    _write_lock()
    for path in (LISTENER, LOCK):
        os.chown(path, 20_001, -1)
    x_files.remove_dead(f":{NUMBER}")
    assert LISTENER.exists()
    assert LOCK.exists()


def test_a_lock_whose_number_another_process_has_by_now_is_a_dead_one_s(listener: socket.socket) -> None:
    LOCK.write_text(f"{os.getpid():10d}\n")
    began = psutil.Process().create_time()
    os.utime(LOCK, (began - 60, began - 60))
    x_files.remove_dead(f":{NUMBER}")
    assert not LOCK.exists()
    assert LISTENER.exists()
