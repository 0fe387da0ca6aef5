from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest

from casa_desktop.errors import SocketFolderUnsafe
from casa_desktop.x11 import displays

# No desktop that is in use begins there, and no other run of this test.
FIRST = 8000 + secrets.randbelow(240) * 8
CLAIM = (
    "import os; from casa_desktop.x11 import displays; "
    f'print(displays.claim("a", first={FIRST}), flush=True); os._exit(0)'
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


def test_a_folder_for_sockets_is_made_as_x_makes_it_and_kept(tmp_path: Path) -> None:
    for _ in range(2):
        displays.prepare_sockets(tmp_path / "sockets")
        assert (tmp_path / "sockets").stat().st_mode & 0o7777 == 0o1777


def test_a_folder_for_sockets_in_which_others_could_put_theirs_is_refused(tmp_path: Path) -> None:
    made = {name: tmp_path / name for name in ("open", "file", "link")}
    made["open"].mkdir()
    made["open"].chmod(0o777)
    made["file"].touch()
    made["link"].symlink_to(tmp_path)
    for path in made.values():
        with pytest.raises(SocketFolderUnsafe) as refused:
            displays.prepare_sockets(path)
        assert refused.value.reason in str(refused.value)
    assert list(tmp_path.iterdir()) != []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of somebody else's")
def test_a_folder_for_sockets_that_somebody_else_has_made_is_refused(tmp_path: Path) -> None:
    displays.prepare_sockets(tmp_path / "sockets")
    os.chown(tmp_path / "sockets", 20_001, -1)
    with pytest.raises(SocketFolderUnsafe, match=r"user 20001 owns it"):
        displays.prepare_sockets(tmp_path / "sockets")
