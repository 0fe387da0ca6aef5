from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from casa_desktop.containers.container import Container
from casa_desktop.desktop import x_server_source
from casa_desktop.errors import (
    CasaNotInstalled,
    EngineMissing,
    ImageUnusable,
    InvalidName,
    KernelNotWritten,
    KernelTaken,
    OverlayFailed,
)
from casa_desktop.kernels import install, store
from casa_desktop.kernels.install import Wish
from casa_desktop.kernels.other_python import Python
from casa_desktop.kernels.store import Place

from ...support import other_pythons

OWN = Place()


def test_this_python_s_casa_gets_a_kernel_under_its_version(jupyter_data: Path) -> None:
    kernel, said = install.install(Wish(OWN), os.environ)
    assert kernel.name == f"casa-{kernel.as_dict()['casa']}"
    assert kernel.display_name == kernel.name.replace("casa-", "CASA ")
    assert kernel.spec["argv"][0] == sys.executable
    assert kernel.overlay is None
    assert said == []


def test_several_kernels_stand_side_by_side(jupyter_data: Path) -> None:
    for name, desktop in (("", ""), ("casa-m31", "m31"), ("casa-m33", "m33")):
        install.install(Wish(OWN, name=name, desktop=desktop), os.environ)
    desktops = {kernel.as_dict()["desktop"] for kernel in store.installed()}
    assert desktops == {"main", "m31", "m33"}


def test_another_python_gets_what_it_lacks_in_a_folder_beside_the_kernelspecs(
    jupyter_data: Path, tmp_path: Path
) -> None:
    python = other_pythons.with_casa(tmp_path / "venv", but=other_pythons.OURS)
    wish = Wish(OWN, python=str(python), name="other")
    kernel, (said,) = install.install(wish, os.environ)
    assert kernel.spec["argv"][0] == str(python)
    assert kernel.spec["env"]["PYTHONPATH"] == str(kernel.overlay) == str(jupyter_data / "casa-desktop" / "other")
    assert str(kernel.overlay) in said
    store.remove("other")
    assert [each.name for each in jupyter_data.rglob("*")] == ["kernels"]


def test_a_monolithic_casa_s_script_is_what_starts_its_kernel(jupyter_data: Path, tmp_path: Path) -> None:
    script = other_pythons.monolithic(tmp_path / "casa-6.5", other_pythons.with_casa(tmp_path / "venv"))
    kernel, _ = install.install(Wish(OWN, python=str(tmp_path / "casa-6.5")), os.environ)
    assert kernel.spec["argv"][0] == str(script)
    assert kernel.overlay is None


def test_a_kernel_that_is_replaced_leaves_no_overlay_behind(jupyter_data: Path, tmp_path: Path) -> None:
    python = other_pythons.with_casa(tmp_path / "venv", but=other_pythons.OURS)
    install.install(Wish(OWN, python=str(python), name="x"), os.environ)
    with pytest.raises(KernelTaken):
        install.install(Wish(OWN, name="x"), os.environ)
    kernel, _ = install.install(Wish(OWN, name="x", replace=True), os.environ)
    assert kernel.spec["argv"][0] == sys.executable
    assert not (jupyter_data / "casa-desktop").exists()


def test_where_something_fails_nothing_is_left_behind(
    jupyter_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CasaNotInstalled):
        install.install(Wish(OWN, python=str(other_pythons.bare(tmp_path / "bare"))), os.environ)
    python = str(other_pythons.with_casa(tmp_path / "venv", but=other_pythons.NOT_OF_CASA))
    with pytest.raises(OverlayFailed):
        install.install(Wish(OWN, python=python), {**os.environ, "PIP_NO_INDEX": "1"})
    with pytest.raises(InvalidName):
        install.install(Wish(OWN, desktop="no name"), os.environ)
    assert not [each for each in jupyter_data.rglob("*") if not each.is_dir()]


def test_an_overlay_goes_where_its_kernelspec_cannot_be_written(jupyter_data: Path, tmp_path: Path) -> None:
    python = other_pythons.with_casa(tmp_path / "venv", but=other_pythons.OURS)
    jupyter_data.mkdir(parents=True)
    (jupyter_data / "kernels").write_text("in the way")
    with pytest.raises(KernelNotWritten):
        install.install(Wish(OWN, python=str(python)), os.environ)
    assert [each.name for each in jupyter_data.iterdir()] == ["kernels"]


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="there is no bwrap on PATH")
def test_a_sandbox_gets_a_kernel_that_this_installation_starts(jupyter_data: Path) -> None:
    kernel, said = install.install(Wish(OWN, container=Container("bwrap", python=sys.executable)), os.environ)
    assert kernel.name.endswith("-bwrap")
    assert "kernel_provisioner" not in kernel.spec["metadata"]
    assert json.loads(kernel.spec["argv"][-1]) == {"engine": "bwrap", "python": sys.executable}
    assert said == []


def test_an_image_becomes_the_place_of_desktops_only_where_there_is_no_other(
    jupyter_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, with_x = Container("podman", "casa"), Python((3, 11, 2), {}, True, True, True, "/usr/bin/Xvnc", ())
    without_x = Python((3, 11, 2), {}, True, True, True, "", ())
    assert install._provide_x_server(image, with_x, os.environ) == []
    monkeypatch.setenv("PATH", str(tmp_path))
    assert install._provide_x_server(image, without_x, os.environ) == []
    assert install._provide_x_server(Container("bwrap"), with_x, os.environ) == []
    (said,) = install._provide_x_server(image, with_x, os.environ)
    assert "desktops will run in podman (casa), too" in said
    assert x_server_source.configured(os.environ) == image
    # A choice stands.
    assert install._provide_x_server(Container("docker", "other"), with_x, os.environ) == []
    assert x_server_source.configured(os.environ) == image


@pytest.mark.usefixtures("jupyter_data")
def test_a_sif_that_is_not_there_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ImageUnusable, match="there is no such file"):
        install.install(Wish(OWN, container=Container("apptainer", str(tmp_path / "no.sif"))), os.environ)
    assert EngineMissing.what == "container engine"
