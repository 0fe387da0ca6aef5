"""The folder of a kernel's sockets goes; who connects afterwards reaches the same sockets."""

from __future__ import annotations

import math
import os
import select
import shutil
import socket
import stat
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Tuple

import pytest

from casa_desktop.runtime import rendezvous
from casa_desktop.runtime.kept_sockets import Mooring
from casa_desktop.runtime.rendezvous import Berth
from casa_desktop.system.messages import Word

from ...support.shortage import few_descriptors


@pytest.fixture
def berth(root: Path) -> Berth:
    return rendezvous.new_berth()


@pytest.fixture
def mooring(berth: Berth) -> Iterator[Mooring]:
    found = Mooring(berth, rendezvous.occupy(berth))
    yield found
    found.close()


@pytest.fixture
def kernel(mooring: Mooring) -> Iterator[socket.socket]:
    """What listens at the berth's first socket."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{mooring.berth.ipc}-1")
        listener.listen()
        _await_news(mooring)
        yield listener


def _await_news(mooring: Mooring) -> None:
    assert select.select([mooring], [], [], 30)[0]
    mooring.take_events()


def _await_mending(mooring: Mooring) -> None:
    _await_news(mooring)
    while mooring.due > time.monotonic():
        select.select([mooring], [], [], max(mooring.due - time.monotonic(), 0))
        mooring.take_events()
    mooring.mend()


def _reaches(kernel: socket.socket, ipc: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"{ipc}-1")
        client.sendall(b"7")
        connection, _ = kernel.accept()
        with connection:
            return connection.recv(1) == b"7"


LOSSES: Dict[str, Callable[[Berth], object]] = {
    "the root is removed": lambda berth: shutil.rmtree(berth.folder.parent.parent),
    "the berth is removed": lambda berth: shutil.rmtree(berth.folder),
    "a socket is removed": lambda berth: os.unlink(f"{berth.ipc}-1"),
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_a_kernel_is_reached_by_the_same_paths_when_they_were_removed(
    mooring: Mooring, kernel: socket.socket, berth: Berth, lose: Callable[[Berth], object]
) -> None:
    for _ in range(2):
        lose(berth)
        _await_mending(mooring)
        assert _reaches(kernel, berth.ipc)
        assert berth.folder.stat().st_mode & 0o777 == 0o700
    rendezvous.leave(mooring.berth, mooring.descriptor)
    assert not berth.folder.parent.exists()


def test_a_folder_that_cannot_be_locked_for_a_shortage_is_not_left_and_made_when_it_can(
    mooring: Mooring, kernel: socket.socket, berth: Berth
) -> None:
    root = berth.folder.parent.parent
    shutil.rmtree(root)
    _await_news(mooring)
    with few_descriptors(os.getpid(), 0):
        mooring.mend()
        assert not root.exists()
    mooring.mend()
    assert _reaches(kernel, berth.ipc)


def test_who_takes_over_from_a_killed_process_replaces_its_links_and_no_socket(
    mooring: Mooring, kernel: socket.socket, berth: Berth
) -> None:
    told: List[Tuple[Word, List[int]]] = []
    former = Mooring(
        berth, mooring.descriptor, lambda word, descriptors: told.append((word, [*map(os.dup, descriptors)]))
    )
    os.unlink(f"{berth.ipc}-1")
    # As a process that was killed leaves it.
    os.symlink(f"/proc/{2**22}/fd/3", f"{berth.ipc}-1")
    former.close()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"{berth.ipc}-2")
        [(word, [descriptor])] = told
        assert word == Word("socket", "k-1")
        heir = Mooring(berth, mooring.descriptor)
        heir.take_over(word.value, descriptor)
        heir.take_events()
        assert heir.due < math.inf
        heir.mend()
        assert _reaches(kernel, berth.ipc)
        assert stat.S_ISSOCK(os.lstat(f"{berth.ipc}-2").st_mode)
        heir.close()


def test_a_kernel_whose_place_is_gone_is_reached_where_new_ones_go(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(root / "login" / "run"))
    first = rendezvous.new_berth()
    mooring = Mooring(first, rendezvous.occupy(first))
    with socket.socket(socket.AF_UNIX) as kernel:
        kernel.bind(f"{first.ipc}-1")
        kernel.listen()
        _await_news(mooring)
        monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(root / "lasting"))
        shutil.rmtree(root / "login")
        _await_mending(mooring)
        now = rendezvous.present(first)
        assert now.folder.parent.parent == root / "lasting"
        assert _reaches(kernel, now.ipc)
    # A restarted kernel gets a place that it can make.
    assert not rendezvous.is_possible(first)
    assert rendezvous.is_possible(now)
    mooring.close()
    rendezvous.leave(now, mooring.descriptor)


def test_another_berth_at_the_same_path_is_left_alone(mooring: Mooring, berth: Berth) -> None:
    berth.folder.rename(berth.folder.with_name("moved"))
    berth.folder.mkdir()
    (berth.folder / "k-1").touch()
    rendezvous.leave(berth, mooring.descriptor)
    assert [each.name for each in berth.folder.parent.iterdir()] == [berth.folder.name]
    assert (berth.folder / "k-1").exists()
