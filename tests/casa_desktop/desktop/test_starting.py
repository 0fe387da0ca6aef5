"""A process that starts a desktop dies, is interrupted, or waits in vain: the desktop has nothing to do with that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, Tuple

import psutil
import pytest
from inotify_simple import INotify, flags

from casa_desktop import errors
from casa_desktop.desktop import cleanup, lifecycle, registry, starting
from casa_desktop.runtime import directory
from casa_desktop.runtime.settings import Settings
from casa_desktop.system import locks
from casa_desktop.x11 import screenshots

from ...support.programs import write_program
from ...support.victims import kill

STARTER = "from casa_desktop.desktop import lifecycle; lifecycle.ensure()"
# What appears in the desktop's folder, one after the other: the supervisor is there, it starts an X server, which
# listens; and the record, after which the supervisor reports.
MOMENTS = ("desktop.log", "Xauthority", "rfb.new", "record.json")
PATIENCE = 20_000


@contextmanager
def starter_in(root: Path) -> Iterator[Tuple[subprocess.Popen[bytes], INotify]]:
    """Start a desktop in a process with a group of its own; yield it when the desktop's folder appears."""
    with INotify() as news:
        news.add_watch(str(root), flags.CREATE)
        with subprocess.Popen(
            [sys.executable, "-c", STARTER], start_new_session=True, stderr=subprocess.PIPE
        ) as starter:
            await_name(news, "main")
            yield starter, news


@contextmanager
def starter_at(root: Path, moment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a desktop likewise; yield its starter when the file ``moment`` appears in the desktop's folder."""
    with starter_in(root) as (starter, news):
        folder = root / "main"
        news.add_watch(str(folder), flags.CREATE | flags.MOVED_TO)
        if not (folder / moment).exists():
            await_name(news, moment)
        yield starter


def await_name(news: INotify, name: str) -> None:
    found: List[str] = []
    while name not in found:
        found = [each.name for each in news.read(PATIENCE)]
        assert found, f"{name} did not appear"


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=lambda number: number.name)
def test_a_desktop_comes_up_though_its_starter_is_killed_or_its_group_interrupted(
    root: Path, moment: str, number: signal.Signals
) -> None:
    with starter_at(root, moment) as starter:
        os.killpg(starter.pid, number)
        # Which waits for what was begun.
        with locks.exclusive(root, 20):
            record = registry.find()
    assert record is not None
    assert lifecycle.ensure() == record
    assert screenshots.screenshot(record).startswith(b"\x89PNG")
    assert registry.list_desktops() == [record]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=lambda number: number.name)
def test_a_starter_that_ends_as_it_begins_leaves_a_whole_desktop_or_nothing(root: Path, number: signal.Signals) -> None:
    with starter_in(root) as (starter, _):
        os.killpg(starter.pid, number)
        with locks.exclusive(root, 20):
            record = registry.find()
    assert registry.list_desktops() == ([] if record is None else [record])
    if record is None:
        assert directory.names() == []
        assert cleanup.marked(directory.places("main")) == []
    assert lifecycle.ensure().name == "main"


def test_the_folder_of_a_starter_that_was_killed_before_it_had_a_supervisor_goes_with_the_next_look(root: Path) -> None:
    (root / "main").mkdir()
    (root / "mine").mkdir()
    (root / "mine" / "data").touch()
    assert registry.list_desktops() == []
    assert [each.name for each in root.iterdir()] == ["mine"]


def leads_a_session(process: psutil.Process) -> bool:
    try:
        return os.getsid(process.pid) == process.pid
    except ProcessLookupError:
        return False


@pytest.mark.parametrize("stop", [False, True], ids=["the next one waits", "it is to be stopped"])
def test_a_supervisor_that_was_stopped_while_it_began_and_whose_starter_died_goes_on(root: Path, stop: bool) -> None:
    with starter_at(root, "Xauthority") as starter:
        # The process that has forked it may still be there.
        *_, supervisor = filter(leads_a_session, cleanup.marked(directory.places("main")))
        supervisor.suspend()
        kill(starter.pid)
    if stop:
        assert lifecycle.stop()
        assert not root.exists()
    else:
        assert lifecycle.ensure().supervisor_pid == supervisor.pid


def test_who_starts_a_desktop_and_is_interrupted_in_between_leaves_no_descriptor(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = psutil.Process().num_fds()
    monkeypatch.setattr(starting, "read_line", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        lifecycle.ensure()
    assert psutil.Process().num_fds() <= before
    monkeypatch.undo()
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(root))
    assert lifecycle.ensure(settings=Settings(geometry="800x600")).display


def _interrupt(*_: object) -> bytes:
    signal.raise_signal(signal.SIGINT)
    return b""


def test_a_supervisor_that_never_even_detaches_itself_keeps_nobody_waiting(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = write_program(tmp_path / "python", "kill -STOP $$")
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(starting, "LAST_WORD_SECONDS", 0.5)
    with pytest.raises(errors.StartTimeout):
        lifecycle.ensure(timeout=0.5)
    assert cleanup.marked(directory.places("main")) == []
    assert directory.names() == []
