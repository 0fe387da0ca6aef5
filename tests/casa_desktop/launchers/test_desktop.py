"""A desktop in a container of its own. A sandbox of bubblewrap shares with the host as little as another one would."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path
from typing import List

import psutil
import pytest
from PIL import Image

from casa_desktop import errors
from casa_desktop.desktop import lifecycle, registry, scaling
from casa_desktop.runtime.record import Record
from casa_desktop.runtime.settings import Settings
from casa_desktop.system import locks
from casa_desktop.x11 import screenshots
from casa_desktop.x11.xvnc import rfb_banner

from ...support.living import command
from ...support.processes import marked


@pytest.fixture(autouse=True)
def _from_a_container(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have X servers from a sandbox."""
    monkeypatch.setenv("CASA_DESKTOP_X_SERVER", json.dumps({"engine": "bwrap"}))


def family(root: Path, record: Record) -> List[psutil.Process]:
    """Return the desktop's launcher, and all in its container."""
    return [psutil.Process(record.supervisor_pid), *marked(f"{root}/.kernels/")]


def traces(record: Record) -> List[str]:
    """Return what is left of the display's number, unless somebody else has it by now."""
    number = record.display[1:]
    lock, server = Path(f"/tmp/.X{number}-lock"), Path(f"/tmp/.X11-unix/X{number}")
    try:
        return [str(lock)] if int(lock.read_text()) == record.supervisor_pid else []
    except FileNotFoundError:
        return [str(server)] if server.exists() else []


def test_it_is_seen_photographed_scaled_and_stopped_from_outside(root: Path) -> None:
    record = lifecycle.ensure(settings=Settings(geometry="800x600"))
    processes = family(root, record)
    assert {"Xvnc", "icewm", "bwrap"} <= {os.path.basename(word) for each in processes for word in command(each)[:1]}
    assert rfb_banner(Path(record.rfb_socket), 5).startswith(b"RFB ")
    assert Image.open(io.BytesIO(screenshots.screenshot(record))).size == (800, 600)
    assert screenshots.titles(record) == []
    scaling.set_scale(record, 2)
    assert lifecycle.ensure() == record
    assert lifecycle.stop()
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert (alive, traces(record), root.exists()) == ([], [], False)


def test_its_number_is_free_outside_and_its_processes_are_its_own(root: Path) -> None:
    one, two = lifecycle.ensure("one"), lifecycle.ensure("two")
    assert int(one.display[1:]) >= 1000
    assert one.display != two.display
    assert one.pid_namespace == os.readlink("/proc/self/ns/pid")
    server = _called(family(root, one), "Xvnc").pid
    assert os.readlink(f"/proc/{server}/ns/pid") != one.pid_namespace
    lifecycle.stop("one")
    assert [each.name for each in registry.list_desktops()] == ["two"]


@pytest.mark.parametrize(
    "victim", ["launcher", "bwrap", "casa_desktop.launchers.init", "casa_desktop.desktop.supervisor"]
)
def test_nothing_runs_on_when_a_part_is_killed_and_the_next_start_works(root: Path, victim: str) -> None:
    record = lifecycle.ensure()
    processes = family(root, record)
    dead = processes[0] if victim == "launcher" else _called(processes, victim)
    dead.kill()
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert alive == []
    assert registry.find() is None
    again = lifecycle.ensure()
    assert again.supervisor_pid != record.supervisor_pid


def test_a_killed_x_server_is_back_in_its_container(root: Path) -> None:
    record = lifecycle.ensure()
    server = _called(family(root, record), "Xvnc")
    server.kill()
    psutil.wait_procs([server], timeout=30)
    again = lifecycle.ensure()
    assert (again.supervisor_pid, again.display) == (record.supervisor_pid, record.display)
    assert again.started > record.started
    assert screenshots.screenshot(again).startswith(b"\x89PNG")


def _called(processes: List[psutil.Process], word: str) -> psutil.Process:
    return next(each for each in processes[1:] if word in " ".join(command(each)[:3]))


def test_a_killed_container_leaves_no_more_than_a_word(root: Path) -> None:
    record = lifecycle.ensure()
    processes = family(root, record)
    _called(processes, "casa_desktop.launchers.init").kill()
    psutil.wait_procs(processes, timeout=20)
    assert (traces(record), [each.name for each in root.iterdir()]) == ([], [".main.ended"])


def test_a_desktop_of_another_pid_namespace_is_left_alone(root: Path) -> None:
    record = lifecycle.ensure()
    inside = Record(**{**vars(record), "supervisor_pid": os.getpid(), "pid_namespace": "pid:[1]"})
    inside.write(root / "main" / "record.json")
    with pytest.raises(errors.StopFailed, match="started outside of this container"):
        lifecycle.stop()
    assert locks.is_held(root / "main")
    record.write(root / "main" / "record.json")


@pytest.mark.parametrize(
    ("container", "error", "sentence"),
    [
        ({"engine": "apptainer", "image": "/no.sif"}, errors.ContainerFailed, "apptainer is not on PATH"),
        ({"engine": "bwrap", "options": ["--no-such"]}, errors.ContainerFailed, "Unknown option --no-such"),
        ({"engine": "bwrap", "python": "/usr/bin/python3"}, errors.ContainerFailed, "casa_desktop"),
    ],
)
def test_a_container_that_cannot_be_had_is_one_clear_error_and_leaves_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, container: object, error: type, sentence: str
) -> None:
    monkeypatch.setenv("CASA_DESKTOP_X_SERVER", json.dumps(container))
    with pytest.raises(error, match=sentence):
        lifecycle.ensure()
    assert [each.name for each in root.iterdir()] == []


def test_a_container_without_an_x_server_is_one_clear_error(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bwrap").symlink_to("/usr/bin/bwrap")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.XServerMissing) as missing:
        lifecycle.ensure()
    assert "Xvnc" in missing.value.programs
    _, alive = psutil.wait_procs(marked(f"{root}/.kernels/"), timeout=30)
    assert alive == []


def test_a_runtime_directory_that_is_removed_under_a_container_keeps_nothing_running(root: Path) -> None:
    record = lifecycle.ensure()
    processes = family(root, record)
    shutil.rmtree(root)
    _called(processes, "casa_desktop.desktop.supervisor").kill()
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert alive == []
