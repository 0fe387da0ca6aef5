from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Dict

import pytest

from casa_desktop.errors import OverlayFailed
from casa_desktop.kernels import other_python, overlay

from ...support import other_pythons

ENVIRON = other_python.neutral(os.environ)


def _examined(python: Path, **more: str) -> other_python.Python:
    return other_python.examine([str(python)], {**ENVIRON, **more})


def test_a_python_that_lacks_only_casa_desktop_gets_a_copy_of_it_without_pip(tmp_path: Path) -> None:
    python, folder = other_pythons.with_casa(tmp_path / "venv", but=other_pythons.OURS), tmp_path / "data" / "casa-x"
    overlay.build(str(python), _examined(python), folder, {**ENVIRON, "PIP_NO_INDEX": "1"})
    names = {each.name.partition("-")[0] for each in folder.iterdir()}
    assert names == {"casa_desktop", "casa_kernel"}
    assert not (folder / "casa_desktop" / "labextension").exists()
    assert _examined(python, PYTHONPATH=str(folder)).has_ours
    assert [each.name for each in folder.parent.iterdir()] == ["casa-x"]


def test_what_is_missing_is_installed_beside_and_nothing_else_is_touched(tmp_path: Path) -> None:
    """The only test that installs something from the registry."""
    python = other_pythons.with_casa(tmp_path / "venv", but=other_pythons.NOT_OF_CASA)
    before = _files(tmp_path / "venv")
    folder = tmp_path / "casa-x"
    overlay.build(str(python), _examined(python), folder, ENVIRON)
    assert _files(tmp_path / "venv") == before
    found = _examined(python, PYTHONPATH=str(folder))
    assert found.has_ours
    assert found.lacking() == []
    names = {each.name.partition("-")[0].lower() for each in folder.iterdir()}
    assert {"ipykernel", "psutil", "xlib"} <= names
    # They were there already.
    assert not {"ipython", "numpy", "tornado", "pip", "setuptools"} & names


def _files(folder: Path) -> Dict[str, float]:
    return {name: os.lstat(os.path.join(root, name)).st_mtime for root, _, files in os.walk(folder) for name in files}


def test_when_pip_fails_its_last_line_is_told_and_the_former_overlay_stays(tmp_path: Path) -> None:
    python = other_pythons.with_casa(tmp_path / "venv", but=other_pythons.NOT_OF_CASA)
    folder = tmp_path / "data" / "casa-x"
    folder.mkdir(parents=True)
    (folder / "former").touch()
    with pytest.raises(OverlayFailed, match="installed: ERROR: No matching distribution found for"):
        overlay.build(str(python), _examined(python), folder, {**ENVIRON, "PIP_NO_INDEX": "1"})
    assert [each.name for each in folder.parent.rglob("*")] == ["casa-x", "former"]


def test_a_python_without_ensurepip_is_told_with_debian_s_package(tmp_path: Path) -> None:
    found = replace(_examined(other_pythons.bare(tmp_path / "venv")), can_make_venv=False, version=(3, 11, 2))
    with pytest.raises(OverlayFailed, match=r"'apt install python3\.11-venv'"):
        overlay.build("/usr/bin/python3", found, tmp_path / "x", ENVIRON)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(OverlayFailed, match=r"installed: (Not a directory|File exists)"):
        overlay.build(other_pythons.THIS, _examined(Path(other_pythons.THIS)), tmp_path / "data" / "x", ENVIRON)


def test_a_script_that_hides_pythonpath_from_its_python_is_told(tmp_path: Path) -> None:
    python = other_pythons.with_casa(tmp_path / "venv", but=other_pythons.OURS)
    script = other_pythons.monolithic(tmp_path / "casa", python)
    script.write_text(script.read_text().replace("exec", "unset PYTHONPATH; exec"))
    with pytest.raises(OverlayFailed, match="does not see what PYTHONPATH names"):
        overlay.build(str(script), _examined(script), tmp_path / "data" / "x", ENVIRON)
    assert list((tmp_path / "data").iterdir()) == []


def test_pip_runs_in_the_environment_that_a_script_sets_up(tmp_path: Path) -> None:
    script = other_pythons.monolithic(tmp_path / "casa", Path(other_pythons.THIS))
    words = ["-c", overlay._EXEC, "/bin/sh", "-c", "echo $MONOLITHIC"]
    assert subprocess.check_output([str(script), *words], text=True) == "yes\n"
