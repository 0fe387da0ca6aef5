"""A running desktop loses its folder, in all the ways in which that happens: it ends, and touches no other one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import psutil
import pytest

from casa_desktop import errors
from casa_desktop.__main__ import main
from casa_desktop.desktop import lifecycle, registry
from casa_desktop.runtime import removal, x_files
from casa_desktop.runtime.record import Record
from casa_desktop.system import locks, open_folder
from casa_desktop.x11 import screenshots

from ...support import living


def _mounted_over(root: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700", "casa-desktop-test", str(root)], check=True)


def _moved(root: Path) -> None:
    root.rename(root.with_name(root.name + "-away"))


# What a logout and cleaners of /tmp do, and what a user does by mistake.
LOSSES: Dict[str, Callable[[Path], None]] = {
    "its root is removed": shutil.rmtree,
    "its folder is removed": lambda root: shutil.rmtree(root / "main"),
    "its root is moved away": _moved,
    "its folder is moved away": lambda root: _moved(root / "main"),
}
if os.getuid() == 0:
    LOSSES["something is mounted over its root"] = _mounted_over


@pytest.fixture
def family(root: Path) -> List[psutil.Process]:
    """The processes of the desktop ``main``, its supervisor first."""
    return living.family(lifecycle.ensure().supervisor_pid)


@pytest.fixture(autouse=True)
def _nothing_elsewhere(root: Path) -> Iterator[None]:
    yield
    if os.path.ismount(root):
        # Lazily, for a supervisor lets go of its folder with its very last breath.
        subprocess.run(["umount", "-l", str(root)], check=True)
    shutil.rmtree(root.with_name(root.name + "-away"), ignore_errors=True)


def _await_end(processes: List[psutil.Process]) -> None:
    assert psutil.wait_procs(processes, timeout=30)[1] == []


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_a_desktop_whose_folder_goes_ends_with_all_its_processes_and_says_why(
    root: Path, family: List[psutil.Process], lose: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    display = registry.running().display
    lose(root)
    _await_end(family)
    listener = x_files.socket_of(int(display[1:]))
    # Another desktop of this machine may have the number by now.
    assert x_files.answers(listener) or not listener.exists()
    with pytest.raises(errors.DesktopLost, match=f"Its runtime directory {root}/main was removed"):
        registry.running()
    main(["status"])
    assert f"main: not running. Its runtime directory {root}/main was removed" in capsys.readouterr().out
    # Whoever looks at it, as a page does, may have it back.
    again = lifecycle.ensure()
    assert screenshots.screenshot(again).startswith(b"\x89PNG")
    assert [each.name for each in registry.list_desktops()] == ["main"]
    lifecycle.stop()


def test_the_end_of_a_desktop_without_a_folder_takes_nothing_from_the_next_one(
    root: Path, family: List[psutil.Process]
) -> None:
    # It does not notice before the next one is there.
    family[0].suspend()
    shutil.rmtree(root)
    second = lifecycle.ensure()
    family[0].resume()
    _await_end(family)
    assert registry.running() == second
    assert {"record.json", "Xauthority", "rfb.sock", "rfb.new", "icewm"} <= {
        each.name for each in (root / "main").iterdir()
    }
    assert screenshots.screenshot(second).startswith(b"\x89PNG")


def test_a_desktop_without_a_folder_that_is_told_to_end_takes_nothing_from_the_next_one(
    root: Path, family: List[psutil.Process]
) -> None:
    family[0].suspend()
    shutil.rmtree(root)
    second = lifecycle.ensure()
    family[0].send_signal(signal.SIGTERM)
    family[0].resume()
    _await_end(family)
    assert registry.running() == second
    assert (root / "main" / "rfb.new").exists()


def test_a_desktop_whose_parents_were_removed_ends_without_bringing_them_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = root / "a" / "b"
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(deep))
    family = living.family(lifecycle.ensure().supervisor_pid)
    shutil.rmtree(root / "a")
    _await_end(family)
    assert list(root.iterdir()) == []


def test_a_machine_without_watches_to_give_is_looked_at_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    descriptor = open_folder.opened(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    # inotify's own limits are everybody's on this machine; to have no descriptor left looks the same from here.
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        foothold = open_folder.Foothold(tmp_path, descriptor)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert foothold.seconds == open_folder.SLOW_SECONDS
    assert foothold.stands()
    tmp_path.rmdir()
    assert not foothold.stands()
    tmp_path.mkdir()
    assert not foothold.stands(), "another folder of the same name was taken for it"
    foothold.close()


def test_what_is_removed_is_the_folder_that_is_meant_and_no_other(tmp_path: Path) -> None:
    one = tmp_path / "main"
    (one / "icewm" / "icons").mkdir(parents=True)
    (one / "link").symlink_to(tmp_path)
    (one / "record.json").touch()
    descriptor = open_folder.opened(one)
    one.rename(tmp_path / "moved")
    one.mkdir()
    (one / "record.json").touch()
    open_folder.remove(one, descriptor)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["main"]
    assert [each.name for each in one.iterdir()] == ["record.json"]


def test_a_folder_that_a_living_process_holds_is_not_cleared(root: Path) -> None:
    (root / "main").mkdir()
    lock = locks.hold(root / "main")
    removal.clear(root / "main")
    assert (root / "main").exists()
    os.close(lock)
    removal.clear(root / "main")
    assert not (root / "main").exists()


def test_all_who_start_a_desktop_whose_folder_has_just_gone_get_one(root: Path, family: List[psutil.Process]) -> None:
    shutil.rmtree(root)
    found: List[Record] = []
    starters = [threading.Thread(target=lambda: found.append(lifecycle.ensure())) for _ in range(3)]
    for each in starters:
        each.start()
    for each in starters:
        each.join()
    _await_end(family)
    assert set(found) == {registry.running()}
