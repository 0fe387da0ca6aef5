from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest

from casa_desktop import displays

# No desktop that is in use begins there.
FIRST = 8000
CLAIM = (
    f'import os; from casa_desktop import displays; print(displays.claim("a", first={FIRST}), flush=True); os._exit(0)'
)


@pytest.fixture
def number() -> Iterator[int]:
    displays.prepare_sockets()
    claimed = displays.claim("main", first=FIRST)
    yield claimed
    displays.release(claimed)


def test_a_number_is_taken_as_x_servers_take_it_and_given_back(number: int) -> None:
    lock = Path(f"/tmp/.X{number}-lock")
    assert lock.read_text() == f"{os.getpid():10d}\n"
    displays.release(number)
    assert not lock.exists()


def test_two_who_claim_get_two(number: int) -> None:
    other = displays.claim("other", first=FIRST)
    displays.release(other)
    assert other > number


def test_what_a_killed_one_has_left_is_taken_over() -> None:
    killed = int(subprocess.run([sys.executable, "-c", CLAIM], stdout=subprocess.PIPE, check=True).stdout or 0)
    (displays.SOCKETS / f"X{killed}").touch()
    again = displays.claim("main", first=FIRST)
    assert again == killed
    assert not (displays.SOCKETS / f"X{killed}").exists()
    displays.release(again)


def test_a_living_x_server_without_a_lock_here_keeps_its_number(number: int) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        path = displays.SOCKETS / f"X{number + 1}"
        server.bind(str(path))
        server.listen()
        other = displays.claim("other", first=number + 1)
        assert other == number + 2
        displays.release(other)
        path.unlink()
