"""``casa-desktop kernel install --image`` and what comes of it, as a user does it on a machine with Podman."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Set

import pytest

from ..support.engine import Engine

pytestmark = pytest.mark.container

Run = Callable[..., "subprocess.CompletedProcess[str]"]
OF_X = ("Xvnc", "Xtigervnc")


@pytest.fixture
def surroundings(engine: Engine, environment: Dict[str, str], place: Path, tmp_path: Path) -> Dict[str, str]:
    """The environment of a user who has no kernel yet; the runtime directory is the test's own, and short."""
    home = tmp_path / "home"
    home.mkdir()
    data = {"JUPYTER_DATA_DIR": str(home / "data"), "CASA_DESKTOP_RUNTIME_DIR": str(place / "k")}
    return {**environment, **engine.configuration, **data, "HOME": str(home), "XDG_CONFIG_DIRS": str(tmp_path)}


@pytest.fixture
def run(surroundings: Dict[str, str], tmp_path: Path) -> Iterator[Run]:
    """Runs ``casa-desktop`` with some words, in an environment with a few changes; its desktops end with the test."""

    def command(*words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "casa_desktop", *words],
            env={**surroundings, **changes},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    yield command
    command("stop", "--all")


def _said(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_an_image_becomes_a_kernel_that_is_checked_and_leaves_nothing(
    run: Run, engine: Engine, image: str, surroundings: Dict[str, str]
) -> None:
    kernel = _said(run("kernel", "install", "--image", image, "--engine", "podman", "--json"))
    assert kernel["name"] == f"casa-{kernel['casa']}-podman"
    assert kernel["display_name"] == f"CASA {kernel['casa']} (Podman)"
    assert kernel["container"]["image"] == image
    assert kernel in _said(run("kernel", "list", "--json"))
    before = _kernels(engine)
    report = _said(run("kernel", "check", kernel["name"], "--json"))
    states = {each["subject"]: each["state"] for each in report["findings"]}
    assert report["ok"]
    for subject in ("kernel", "CASA", "task", "picture", "casaviewer", "casaplotms", "casalogger", "X server"):
        assert states[subject] == "ok", report
    assert report["casa"].startswith(kernel["casa"])
    assert _kernels(engine) <= before
    assert not Path(surroundings["CASA_DESKTOP_RUNTIME_DIR"]).exists()
    assert _said(run("kernel", "remove", kernel["name"], "--json")) == [kernel["name"]]


def _kernels(engine: Engine) -> Set[str]:
    """Return the names of the containers of kernels, also of those that have ended."""
    return set(
        re.findall(r"^casa-desktop-[0-9a-f]{8}$", engine.say("ps", "--all", "--format={{.Names}}"), re.MULTILINE)
    )


def test_on_a_machine_without_an_x_server_the_image_s_is_chosen_and_serves(
    run: Run, image: str, surroundings: Dict[str, str], tmp_path: Path
) -> None:
    path = _path_without(OF_X, surroundings["PATH"], tmp_path / "programs")
    installed = run("kernel", "install", "--image", image, "--engine", "podman", PATH=path)
    assert installed.returncode == 0, installed.stderr
    assert "This machine has no X server of its own, so desktops will run in" in installed.stdout
    told = _said(run("x-server", "--json", PATH=path))
    assert told["own"] is None
    assert told["container"] == {"engine": "podman", "image": image}
    assert Path(told["source"]).is_relative_to(surroundings["HOME"])
    record = _said(run("start", "--json", PATH=path))
    shot = run("screenshot", "shot.png", PATH=path)
    assert shot.returncode == 0, shot.stderr
    assert (tmp_path / "shot.png").read_bytes().startswith(b"\x89PNG")
    assert _said(run("stop", "--json", PATH=path)) == [record["name"]]
    # Taken back, there is none.
    assert run("x-server", "--own", PATH=path).returncode == 1


def _path_without(names: tuple[str, ...], path: str, folder: Path) -> str:
    """Return a PATH with all programs of another one but a few."""
    folder.mkdir()
    for place in path.split(os.pathsep):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            if program.name not in names and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)
    return str(folder)


def test_an_image_s_own_x_server_can_be_chosen_where_the_machine_has_one_too(run: Run, image: str) -> None:
    chosen = _said(run("x-server", "--image", image, "--engine", "podman", "--json"))
    assert chosen["found"].startswith(f"that of podman ({image})")
    doctor = {each["subject"]: each for each in json.loads(run("doctor", "--json").stdout)}
    assert doctor["X server"]["found"] == chosen["found"]
    assert _said(run("x-server", "--own", "--json"))["found"] == chosen["own"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--python", "/usr/bin/python3"], "there is no casa-desktop for its '/usr/bin/python3'"),
        (["--python", "nonsense"], "running 'nonsense' in it failed: asked for its version, it ended with status 127"),
        (["--engine-option=--no-such-option"], "unknown flag: --no-such-option"),
    ],
)
def test_what_is_wrong_with_an_image_is_one_line(run: Run, image: str, words: list[str], said: str) -> None:
    done = run("kernel", "install", "--image", image, "--engine", "podman", *words)
    assert done.returncode == 1
    assert said in done.stderr.splitlines()[-1], done.stderr
    assert [each["name"] for each in _said(run("kernel", "list", "--json"))] == ["casa"]


def test_an_image_that_is_nowhere_is_told(run: Run, engine: Engine) -> None:
    done = run("kernel", "install", "--image", "localhost:1/nobody/casa:none", "--engine", "podman")
    assert done.returncode == 1
    first, *_, last = done.stderr.splitlines()
    assert first == "localhost:1/nobody/casa:none is not on this machine; podman pulls it."
    assert "it is not on this machine, and could not be pulled: Error: " in last
