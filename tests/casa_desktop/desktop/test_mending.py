"""Single files of a running desktop are removed; the desktop goes on and is found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator, List

import pytest
from inotify_simple import INotify, flags
from Xlib.display import Display

from casa_desktop.desktop import lifecycle, usage
from casa_desktop.runtime import directory
from casa_desktop.runtime.record import Record
from casa_desktop.x11 import xvnc

RECORD, KEPT, SOCKET, FIRST_SOCKET, COOKIE = "record.json", "record.kept", "rfb.sock", "rfb.new", "Xauthority"
LOG, KEPT_LOG = "desktop.log", "desktop.kept"
SECOND = (KEPT, FIRST_SOCKET, KEPT_LOG)


@pytest.fixture
def desktop(root: Path) -> Iterator[Record]:
    yield lifecycle.ensure()
    lifecycle.stop()
    assert not directory.names()


def remove(folder: Path, names: List[str], awaited: List[str]) -> None:
    """Remove files of a desktop's folder, and return when some are there again."""
    with INotify() as changes:
        changes.add_watch(str(folder), flags.CREATE | flags.MOVED_TO)
        for name in names:
            (folder / name).unlink()
        while not all(os.path.lexists(folder / name) for name in awaited):
            assert changes.read(timeout=60_000)


@pytest.mark.parametrize(
    "names",
    [
        [RECORD],
        [RECORD, KEPT],
        [SOCKET],
        [SOCKET, FIRST_SOCKET],
        [COOKIE],
        [LOG],
        [LOG, KEPT_LOG],
        [RECORD, KEPT, SOCKET, FIRST_SOCKET, COOKIE, LOG, KEPT_LOG],
    ],
    ids="+".join,
)
def test_single_files_that_are_removed_are_put_back(
    desktop: Record, names: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    remove(desktop.at.folder, names, [each for each in names if each not in SECOND])
    found = lifecycle.ensure(timeout=60)
    assert (found.supervisor_pid, found.x_server_pid) == (desktop.supervisor_pid, desktop.x_server_pid)
    assert xvnc.rfb_banner(Path(found.rfb_socket), 60).startswith(b"RFB ")
    assert os.stat(found.xauthority).st_mode & 0o777 == 0o600
    # The file that was written since the start.
    log = found.at.log.read_text()
    assert "\nXvnc " in log
    assert all(f"casa-desktop: {each} was removed, and is put back." in log for each in names if each not in SECOND)
    for name, value in lifecycle.environment(found).items():
        monkeypatch.setenv(name, value)
    Display().close()


def test_a_desktop_without_its_record_is_waited_for_and_not_started_twice(desktop: Record) -> None:
    desktop.at.record.unlink()
    assert lifecycle.ensure(timeout=60) == desktop


def test_one_without_its_socket_is_waited_for(desktop: Record) -> None:
    desktop.at.rfb_socket.unlink()
    assert lifecycle.ensure(timeout=60) == desktop


def test_one_without_its_record_can_be_stopped(root: Path) -> None:
    record = lifecycle.ensure()
    record.at.record.unlink()
    assert lifecycle.stop(timeout=60)
    assert not directory.names()


def test_views_of_a_desktop_whose_record_was_removed_are_still_known(desktop: Record) -> None:
    watching = usage.watch(desktop)
    remove(desktop.at.folder, [RECORD], [RECORD])
    assert usage.is_watched(desktop)
    os.close(watching)
    assert not usage.is_watched(desktop)
