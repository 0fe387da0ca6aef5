from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Dict, Optional

import pytest
from jupyter_core.paths import SYSTEM_JUPYTER_PATH
from traitlets.config import Application

from casa_desktop.errors import ForeignKernel, KernelNotWritten, KernelTaken, KernelUnknown
from casa_desktop.kernels import spec, store
from casa_desktop.kernels.other_python import Python
from casa_desktop.kernels.store import Place

FOUND = Python((3, 11, 2), {"casatasks": "6.7.0.31"}, True, True, True, "", ())
OWN = Place()


@pytest.mark.parametrize(
    ("python", "prefix", "is_own"),
    [
        ("/opt/venv", "/opt/venv", True),
        ("/opt/venv", "/opt/other", False),
        ("/opt/venv", None, False),
        # All Jupyters of a machine search these, whatever their Python.
        *((Path(path).parents[1], str(Path(path).parents[1]), False) for path in SYSTEM_JUPYTER_PATH),
    ],
)
def test_a_place_is_the_own_jupyter_s_if_no_other_searches_it_by_itself(
    python: object, prefix: Optional[str], is_own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(python))
    assert Place(prefix).is_own is is_own


def _spec(**more: Any) -> Dict[str, Any]:
    return spec.python_spec(sys.executable, FOUND, **more)


def _write_foreign(data: Path, name: str) -> Path:
    folder = data / "kernels" / name
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({"argv": ["ir"], "display_name": "R", "language": "R"}))
    return folder


def test_a_kernel_that_was_written_is_found_with_its_logos_and_removed(jupyter_data: Path) -> None:
    kernel = store.install("casa-6.7.0", _spec(), OWN)
    assert kernel.folder == OWN.folder("casa-6.7.0") == jupyter_data / "kernels" / "casa-6.7.0"
    assert sorted(each.name for each in kernel.folder.iterdir()) == ["kernel.json", "logo-64x64.png", "logo-svg.svg"]
    assert kernel.folder.stat().st_mode & 0o777 == 0o755
    assert store.get("CASA-6.7.0") == kernel
    assert kernel in store.installed()
    assert store.remove("casa-6.7.0") == kernel.folder
    assert not kernel.folder.exists()
    with pytest.raises(KernelUnknown, match=r"There is no kernel 'casa-6\.7\.0'; there are: casa"):
        store.get("casa-6.7.0")


def test_the_kernel_of_the_wheel_is_listed_and_left_as_it_is(jupyter_data: Path) -> None:
    (wheel,) = store.installed()
    assert wheel.name == "casa"
    assert wheel.about is None
    with pytest.raises(ForeignKernel, match="pip uninstall casa-desktop"):
        store.remove("casa")
    assert wheel.folder.exists()


def test_a_kernel_below_a_prefix_is_written_there(jupyter_data: Path, tmp_path: Path) -> None:
    place = Place(str(tmp_path / "usr"))
    kernel = store.install("x", _spec(), place)
    assert kernel.folder == place.folder("x") == tmp_path / "usr" / "share" / "jupyter" / "kernels" / "x"
    assert place.overlay("x") == tmp_path / "usr" / "share" / "jupyter" / "casa-desktop" / "x"
    with pytest.raises(KernelTaken):
        store.check_free("x", place, replace=False)


def test_an_overlay_goes_with_its_kernel(jupyter_data: Path) -> None:
    for name in ("a", "b"):
        OWN.overlay(name).mkdir(parents=True)
        store.install(name, _spec(overlay=OWN.overlay(name)), OWN)
    store.remove("a")
    assert [each.name for each in OWN.overlay("b").parent.iterdir()] == ["b"]
    store.remove("b")
    assert not OWN.overlay("b").parent.exists()


def test_a_name_is_taken_once(jupyter_data: Path) -> None:
    store.check_free("x", OWN, replace=False)
    store.install("x", _spec(), OWN)
    with pytest.raises(KernelTaken, match="--replace"):
        store.check_free("x", OWN, replace=False)
    store.check_free("x", OWN, replace=True)
    with pytest.raises(KernelTaken):
        store.check_free("casa", OWN, replace=False)


def test_a_kernel_of_others_is_neither_replaced_nor_removed(jupyter_data: Path) -> None:
    folder = _write_foreign(jupyter_data, "ir")
    with pytest.raises(ForeignKernel):
        store.check_free("ir", OWN, replace=True)
    with pytest.raises(ForeignKernel, match="jupyter kernelspec remove ir"):
        store.remove("ir")
    assert folder.exists()
    assert [kernel.name for kernel in store.installed()] == ["casa"]


def test_a_folder_that_cannot_be_written_is_told(jupyter_data: Path) -> None:
    jupyter_data.write_text("in the way")
    with pytest.raises(KernelNotWritten, match="Not a directory"):
        store.install("x", _spec(), OWN)


def test_a_damaged_kernelspec_does_not_hide_the_others(jupyter_data: Path) -> None:
    kernel = store.install("x", _spec(), OWN)
    (jupyter_data / "kernels" / "y").mkdir()
    (jupyter_data / "kernels" / "y" / "kernel.json").write_text("{")
    assert kernel in store.installed()
    with pytest.raises(ForeignKernel):
        store.remove("y")


def test_a_look_for_kernels_leaves_the_log_of_the_application_as_it_is(jupyter_data: Path) -> None:
    # A Jupyter server's own log was as quiet as that of the look, from the first job on.
    log = Application.instance().log
    level = log.level
    try:
        store.installed()
        assert log.level == level
    finally:
        Application.clear_instance()
