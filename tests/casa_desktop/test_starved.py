"""Desktops where the disk is full, or a process has no descriptor left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Tuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import pytest
from inotify_simple import INotify, flags
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from casa_desktop.desktop import lifecycle, open_url, registry, scaling, usage
from casa_desktop.errors import LinkRefused, ScalingFailed, Shortage, StartFailed
from casa_desktop.runtime import directory
from casa_desktop.runtime.settings import Settings
from casa_desktop.system import files
from casa_desktop.views import runtime_watch, share_links
from casa_desktop.web.websocket import RESERVED
from casa_desktop.x11 import screenshots

from ..support.lab import Jupyter
from ..support.living import line_of
from ..support.pages import Painting
from ..support.programs import write_program
from ..support.screen import Screen
from ..support.shortage import Disk, descriptors, few_descriptors, little_memory, small_disk


@pytest.fixture
def disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """The disk that holds the runtime directory, as small as ``/run/user/UID`` often is; the desktops end with it."""
    with small_disk(root / "disk", megabytes=4) as small:
        monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(small.path / "cd"))
        yield small
        for name in directory.names():
            lifecycle.stop(name)


def of(place: Path) -> List[str]:
    """Return the command lines of the processes that have something to do with a place."""
    return [words for words in map(line_of, psutil.process_iter()) if str(place) in words]


def test_a_desktop_that_finds_no_room_says_so_leaves_nothing_and_starts_when_there_is(disk: Disk) -> None:
    disk.fill()
    with pytest.raises(
        StartFailed, match=r"did not start: No room is left on the disk that holds .*/main\b.* Make room"
    ):
        lifecycle.ensure()
    assert of(disk.path) == []
    assert directory.names() == []
    disk.make_room()
    assert lifecycle.ensure().name == "main"


def test_a_running_desktop_goes_on_when_its_disk_is_full(disk: Disk) -> None:
    record = lifecycle.ensure()
    at = directory.places("main")
    share, _ = share_links.create(record)
    before = (at.icewm / "preferences").read_text()
    disk.fill()

    assert registry.find() == record
    assert screenshots.screenshot(record).startswith(b"\x89PNG")
    os.close(usage.watch(record))
    with pytest.raises(ScalingFailed, match="No room is left"):
        scaling.set_scale(record, 2)
    assert (at.icewm / "preferences").read_text() == before
    assert [each.name for each in (at.icewm / "themes").iterdir()] == ["casa"]
    with pytest.raises(Shortage, match="No room is left"):
        share_links.create(record)
    assert share_links.valid(record) == [share]
    watching = usage.watch(record)
    with pytest.raises(LinkRefused, match="No room is left"):
        open_url.hand_over(at, "https://example.org")
    os.close(watching)
    assert [*at.shares.iterdir()] == [at.shares / f"{share.id}.json"]
    assert [*at.links.iterdir()] == []

    assert lifecycle.stop()
    assert of(disk.path) == []
    assert [each.name for each in disk.path.iterdir()] == ["filler"]


def test_an_x_server_that_dies_on_a_full_disk_is_back_when_there_is_room(disk: Disk) -> None:
    record = lifecycle.ensure()
    disk.fill()
    # The last piece of the log's own room as well.
    with open(directory.places("main").log, "ab", buffering=0) as log, suppress(OSError):
        while True:
            log.write(b".")
    with INotify() as sockets:
        sockets.add_watch("/tmp/.X11-unix", flags.DELETE)
        psutil.Process(record.x_server_pid).kill()
        # The supervisor is about to try.
        gone: List[str] = []
        while f"X{record.display[1:]}" not in gone:
            # Other desktops of this machine come and go.
            news = sockets.read(10_000)
            assert news, "its socket has stayed"
            gone += [each.name for each in news]
    disk.make_room()
    again = lifecycle.ensure()
    assert again.supervisor_pid == record.supervisor_pid
    assert again.x_server_pid != record.x_server_pid


def test_an_unused_desktop_is_stopped_on_a_full_disk_too(disk: Disk) -> None:
    record = lifecycle.ensure(settings=Settings(idle_minutes=0.02))
    supervisor = psutil.Process(record.supervisor_pid)
    disk.fill()
    psutil.wait_procs([supervisor], timeout=30)
    assert registry.find() is None
    assert of(disk.path) == []


def test_a_file_that_cannot_be_written_anew_is_as_it_was(disk: Disk) -> None:
    share, file = share_links.Share("0", "a", 1.0, "x"), disk.path / "share.json"
    files.write(file, share)
    disk.fill()
    with pytest.raises(Shortage, match=r"share\.json"):
        files.write(file, share_links.Share("0", "b" * 9000, 1.0, "y"))
    assert files.read(file, share_links.Share) == share
    assert sorted(each.name for each in disk.path.iterdir()) == ["filler", "share.json"]


@pytest.mark.parametrize(
    ("ask", "left"),
    [
        (registry.find, 0),
        (lambda: usage.is_watched(registry.running()), 0),
        (registry.list_desktops, 0),
        (lifecycle.ensure, 0),
        (lifecycle.stop, 1),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_who_has_no_descriptor_left_takes_no_living_desktop_for_dead(
    root: Path, ask: Callable[[], object], left: int
) -> None:
    record = lifecycle.ensure()
    for call in (ask, lambda: runtime_watch.running(root)):
        with few_descriptors(os.getpid(), left), pytest.raises(
            Shortage, match=r"^This process has reached its limit of \d+ open files"
        ):
            call()
        left = 0
    assert registry.find() == record
    assert Path(record.xauthority).is_file()


def test_a_desktop_that_cannot_be_started_for_want_of_descriptors_leaves_none_open(root: Path) -> None:
    before = descriptors(os.getpid())
    for left in range(1, 5):
        with few_descriptors(os.getpid(), left), pytest.raises((Shortage, StartFailed), match=r"raise its limit"):
            lifecycle.ensure()
    assert descriptors(os.getpid()) <= before
    assert directory.names() == []
    assert lifecycle.ensure().name == "main"


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (4, "The desktop 'main' did not start: its supervisor ended without a word"),
        (10, "The desktop 'main' did not start: This process has reached its limit of 10 open files."),
        (12, "The desktop 'main' did not start: "),
        (30, "main"),
    ],
)
def test_a_supervisor_with_few_descriptors_starts_a_desktop_or_says_so(root: Path, limit: int, words: str) -> None:
    narrow = write_program(root / "python", f'ulimit -n {limit}\nexec {sys.executable} "$@"')
    asked = f"import sys; sys.executable = {str(narrow)!r}; from casa_desktop.desktop import lifecycle; "
    asked += "print(lifecycle.ensure().name)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False, timeout=60)
    assert words in (done.stdout + done.stderr).splitlines()[-1]
    # What could not be started has left nothing.
    assert (registry.find() is None) == (words != "main")
    assert directory.names() == [each for each in ["main"] if each == words]


def refusal(address: str, headers: Dict[str, str]) -> Tuple[int, str]:
    """Open views until one is refused; return with which code and words."""
    with ExitStack() as views:
        for _ in range(20):
            view = views.enter_context(connect(address, additional_headers=headers, max_queue=None))
            try:
                # Who is let in is told at once who else is there.
                assert json.loads(view.recv())["type"] == "audience"
            except ConnectionClosedError as refused:
                told = refused.rcvd
                return (told.code, told.reason) if told is not None else (0, "")
    raise AssertionError("no view was refused")


def test_a_server_with_few_descriptors_keeps_some_for_jupyter_and_refuses_views_with_the_reason(
    environment: Dict[str, str], tmp_path: Path, root: Path
) -> None:
    with Jupyter(tmp_path, {**environment, "CASA_DESKTOP_RUNTIME_DIR": str(root)}) as server:
        record, pid = lifecycle.ensure(), server.process.pid
        headers = {"Authorization": f"token {server.token}"}
        address = f"ws://127.0.0.1:{server.port}/casa-desktop/api/desktops/main/rfb"
        before = descriptors(pid)
        with few_descriptors(pid, 40):
            assert refusal(address, headers) == (1013, RESERVED)
        for left, words in ((6, RESERVED), (1, "'ulimit -n'")):
            with few_descriptors(pid, left):
                code, reason = refusal(address, headers)
            assert (code, words in reason) == (1013, True)
            with few_descriptors(pid, 6), urlopen(Request(f"{server.url}api/status", headers=headers)) as answer:
                assert answer.status == 200
        with connect(address, additional_headers=headers) as view:
            assert json.loads(view.recv())["views"] == 1
        assert registry.find() == record
        assert server.descriptors_at_rest(before + 1) <= before + 1


def photographed(server: Jupyter) -> str:
    """Ask for a picture of the desktop; return what is said instead of it."""
    asked = Request(f"{server.url}casa-desktop/api/desktops/main/screenshot.png")
    asked.add_header("Authorization", f"token {server.token}")
    try:
        with urlopen(asked, timeout=60) as answer:
            assert answer.read().startswith(b"\x89PNG")
            return ""
    except HTTPError as refused:
        with refused:
            return str(json.loads(refused.read())["message"])


def test_a_server_without_memory_says_so_instead_of_a_picture(
    environment: Dict[str, str], tmp_path: Path, root: Path
) -> None:
    # malloc(3) keeps 64 MB of address space in reserve for each thread unless it is told not to.
    more = {"CASA_DESKTOP_RUNTIME_DIR": str(root), "MALLOC_ARENA_MAX": "1"}
    with Jupyter(tmp_path, {**environment, **more}) as server, ExitStack() as until_then:
        screen = until_then.enter_context(Screen(vars(lifecycle.ensure(settings=Settings(geometry="2400x2400")))))
        assert photographed(server) == ""
        # A picture of noise takes so much that no memory is at hand for it; one of a plain desktop takes none.
        for at in ((0, 0), (1200, 0), (0, 1200), (1200, 1200)):
            Painting(screen, at, side=1200)
        with little_memory(psutil.Process(server.process.pid), 1 << 20):
            assert photographed(server) == "No memory is left. End programs that take much of it, and try again."
        assert photographed(server) == ""
