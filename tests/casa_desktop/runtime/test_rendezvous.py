from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from casa_desktop.errors import ContainerFailed, RuntimeDirectoryError
from casa_desktop.runtime import rendezvous

from ...support.living import started

HOLD = (
    "from casa_desktop.runtime import rendezvous; rendezvous.occupy(rendezvous.new_berth()); "
    "print(1, flush=True); input()"
)


def test_a_berth_is_closed_to_others_and_leaves_nothing(root: Path) -> None:
    berth = rendezvous.new_berth()
    assert not berth.folder.exists()
    lock = rendezvous.occupy(berth)
    assert berth.folder.stat().st_mode & 0o777 == 0o700
    os.close(lock)
    rendezvous.leave(berth)
    assert not root.exists()


def test_a_connection_file_leads_to_its_berth_and_a_foreign_one_to_a_new_one(root: Path) -> None:
    berth = rendezvous.new_berth()
    assert rendezvous.berth_of(berth.ipc) == berth
    assert rendezvous.berth_of("/elsewhere/kernel-ipc").folder.parent == berth.folder.parent


def test_the_berth_of_a_killed_launcher_is_removed_by_the_next(root: Path) -> None:
    with started([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout is not None
        launcher.stdout.readline()
        other = rendezvous.new_berth()
        rendezvous.occupy(other)
        assert len(list((root / ".kernels").iterdir())) == 2, "one of a living launcher was removed"
        launcher.send_signal(signal.SIGKILL)
    third = rendezvous.new_berth()
    rendezvous.occupy(third)
    assert sorted((root / ".kernels").iterdir()) == sorted([other.folder, third.folder])


def test_who_comes_back_to_a_berth_waits_until_the_former_container_has_gone(root: Path) -> None:
    berth = rendezvous.new_berth()
    lock = rendezvous.occupy(berth)
    (berth.folder / "k-1").touch()
    threading.Timer(0.3, os.close, [lock]).start()
    rendezvous.occupy(berth, timeout=30)
    assert list(berth.folder.iterdir()) == []


def test_a_former_container_that_does_not_end_is_one_clear_error(root: Path) -> None:
    berth = rendezvous.new_berth()
    rendezvous.occupy(berth)
    with pytest.raises(ContainerFailed, match="its former one does not end"):
        rendezvous.occupy(berth, timeout=0.2)


def test_a_path_too_long_for_a_socket_is_said_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(tmp_path / ("x" * 80)))
    with pytest.raises(RuntimeDirectoryError, match="unix sockets allow 107"):
        rendezvous.new_berth()
