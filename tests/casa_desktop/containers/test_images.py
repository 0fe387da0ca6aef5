from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from casa_desktop import __version__
from casa_desktop.containers import images
from casa_desktop.containers.container import Container
from casa_desktop.errors import ImageUnusable
from casa_desktop.kernels import image_probe
from casa_desktop.kernels.other_python import Python

from ...support import other_pythons
from ...support.programs import write_program

needs_bwrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="there is no bwrap on PATH")
PODMAN = Container("podman", "registry.invalid/casa:1")


def _engine(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program called podman before all others on PATH."""
    write_program(folder / "podman", text)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@needs_bwrap
def test_a_sandbox_is_looked_into_and_has_this_machine_s_casa() -> None:
    found = image_probe.look_for_casa(Container("bwrap", python=sys.executable), os.environ)
    assert found.has_ours
    assert found.casa
    assert found.x_server == shutil.which("Xvnc")
    assert image_probe.look_for_x_server(Container("bwrap", python=sys.executable), os.environ) == found


@needs_bwrap
def test_what_is_missing_inside_is_told(tmp_path: Path) -> None:
    bare = Container("bwrap", python=str(other_pythons.bare(tmp_path / "venv")))
    with pytest.raises(ImageUnusable, match=r"there is no casa-desktop for its .*; the image needs 'pip install"):
        image_probe.look_inside(bare, os.environ)
    no_casa = Container("bwrap", python=str(other_pythons.with_casa(tmp_path / "b", but=["casat"])))
    with pytest.raises(ImageUnusable, match="there are no casatools and casatasks for its"):
        image_probe.look_for_casa(no_casa, os.environ)
    with pytest.raises(ImageUnusable, match=r"running '/nowhere/python' in it failed: .*No such file"):
        image_probe.look_inside(Container("bwrap", python="/nowhere/python"), os.environ)


@needs_bwrap
def test_an_image_without_an_x_server_is_no_place_for_desktops(tmp_path: Path) -> None:
    (tmp_path / "bwrap").symlink_to(shutil.which("bwrap") or "")
    environ = {**os.environ, "PATH": str(tmp_path)}
    with pytest.raises(ImageUnusable, match=r"no X server .looked on its PATH for Xvnc and Xtigervnc"):
        image_probe.look_for_x_server(Container("bwrap", python=sys.executable), environ)


@needs_bwrap
def test_an_engine_that_refuses_is_told_with_its_words() -> None:
    refused = Container("bwrap", options=("--no-such-option",), python=sys.executable)
    with pytest.raises(ImageUnusable, match="--no-such-option"):
        image_probe.look_inside(refused, os.environ)


@needs_bwrap
def test_a_machine_that_forbids_namespaces_is_told() -> None:
    code = (
        "import os, sys; from casa_desktop import errors; from casa_desktop.kernels import image_probe\n"
        "from casa_desktop.containers.container import Container\n"
        "try:\n    image_probe.look_inside(Container('bwrap', python=sys.executable), os.environ)\n"
        "except errors.ImageUnusable as error:\n    print(error)"
    )
    forbid = 'echo 0 >/proc/sys/user/max_mnt_namespaces && exec "$@"'
    words = ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh", sys.executable, "-c", code]
    said = subprocess.run(words, capture_output=True, text=True, check=False)
    if said.returncode:
        pytest.skip(f"this machine forbids them already: {said.stderr}")
    assert "max_*_namespaces exceeded" in said.stdout


def test_a_casa_desktop_inside_that_does_not_fit_is_told() -> None:
    def said(version: str, complete: bool) -> str:
        found = Python((3, 11, 2), {"casa-desktop": version}, complete, True, True, "", ())
        return image_probe._unfit(PODMAN, found)

    assert said(__version__, True) == ""
    assert said(__version__, False) == f"its casa-desktop {__version__} is incomplete, or too old to run from outside"
    assert said("99.0", True) == f"it has casa-desktop 99.0, which is not compatible with {__version__} on this machine"


def test_versions_that_differ_in_more_than_corrections_do_not_go_together() -> None:
    assert image_probe.compatible("1.2.3", "1.2.9")
    assert not image_probe.compatible("1.2.3", "1.3.0")
    assert not image_probe.compatible("0.1.0", "1.1.0")


def test_an_image_that_is_not_there_is_pulled_and_its_progress_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _engine(tmp_path, '[ "$1" = pull ] && echo "Copying blob 1 of 7" >&2', monkeypatch)
    images.fetch(PODMAN)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == ("registry.invalid/casa:1 is not on this machine; podman pulls it.\nCopying blob 1 of 7\n")


def test_an_image_that_cannot_be_pulled_is_told_with_the_engine_s_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _engine(tmp_path, "echo Trying >&2; echo Error: manifest unknown >&2; exit 125", monkeypatch)
    with pytest.raises(ImageUnusable, match="could not be pulled: Error: manifest unknown"):
        images.fetch(PODMAN)


def test_an_image_that_is_there_is_not_pulled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _engine(tmp_path, '[ "$1" = image ]', monkeypatch)
    images.fetch(PODMAN)
    assert capsys.readouterr().err == ""


def test_an_engine_or_a_file_that_has_gone_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert images.trouble(PODMAN) == "there is no podman on PATH"
    _engine(tmp_path, "", monkeypatch)
    assert images.trouble(PODMAN) == ""
    (tmp_path / "podman").rename(tmp_path / "apptainer")
    assert images.trouble(Container("apptainer", "/gone.sif")) == "there is no file /gone.sif"
