from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Dict

import pytest

from casa_desktop import __version__
from casa_desktop.containers.container import Container
from casa_desktop.errors import InvalidKernelName
from casa_desktop.kernels import spec as kernels
from casa_desktop.kernels.other_python import Python
from casa_desktop.system.pythonpath import module

FOUND = Python((3, 8, 18), {"casatools": "6.5.6.22", "casatasks": "6.5.6.22"}, False, False, True, "/usr/bin/Xvnc", ())


def test_a_kernel_in_a_python_is_started_by_the_path_that_was_given() -> None:
    spec = kernels.python_spec("/casa/bin/python3", FOUND)
    assert spec["argv"] == ["/casa/bin/python3", *module("casa_kernel"), "-f", "{connection_file}"]
    assert (spec["display_name"], spec["language"], spec["interrupt_mode"]) == ("CASA 6.5.6", "python", "signal")
    assert spec["env"] == {}
    about = {"version": __version__, "casa": "6.5.6", "python": "/casa/bin/python3", "overlay": False}
    assert spec["metadata"] == {"casa_desktop": about}


def test_the_network_and_the_provisioner_are_in_the_kernelspec() -> None:
    spec = kernels.python_spec("/p", FOUND, network="host", provisioned=True)
    assert spec["env"] == {"CASA_DESKTOP_NETWORK": "host"}
    assert spec["metadata"]["kernel_provisioner"] == {"provisioner_name": "casa-desktop"}


def test_a_container_s_kernelspec_names_the_provisioner_only_where_every_jupyter_has_it() -> None:
    for provisioned in (True, False):
        spec = kernels.container_spec("/p", Container("bwrap"), FOUND, provisioned=provisioned)
        assert ("kernel_provisioner" in spec["metadata"]) is provisioned


def test_overlay_desktop_options_and_the_debugger_are_in_the_kernelspec() -> None:
    spec = kernels.python_spec(
        "/p", FOUND, display_name="Old", desktop="m31", overlay=Path("/data/x"), options=["--nologfile"]
    )
    assert spec["argv"][-2:] == ["--", "--nologfile"]
    assert spec["display_name"] == "Old"
    assert spec["env"] == {"PYTHONPATH": "/data/x", "CASA_DESKTOP_NAME": "m31"}
    assert spec["metadata"]["debugger"] is True


@pytest.mark.parametrize(
    ("container", "title"),
    [
        (Container("podman", "casa:6.5"), "CASA 6.5.6 (Podman)"),
        (Container("docker", "casa:6.5"), "CASA 6.5.6 (Docker)"),
        (Container("apptainer", "/casa.sif"), "CASA 6.5.6 (Apptainer)"),
        (Container("singularity", "/casa.sif"), "CASA 6.5.6 (Singularity)"),
        (Container("bwrap"), "CASA 6.5.6 (sandbox)"),
    ],
)
def test_a_kernel_in_a_container_is_started_by_this_installation_and_says_its_engine(
    container: Container, title: str
) -> None:
    spec = kernels.container_spec("/here/python", container, FOUND, options=["--noconfig"])
    assert spec["argv"][:4] == ["/here/python", *module("casa_desktop.launchers.kernel")]
    assert spec["argv"][-2:] == ["--", "--noconfig"]
    assert spec["display_name"] == title
    assert set(spec["metadata"]) <= {"casa_desktop", "debugger"}
    assert Container.from_dict(json.loads(spec["argv"][spec["argv"].index("--container") + 1])) == container
    assert kernels.Kernel("x", Path("/k/x"), spec).container == container


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", ".x", "größe", "a/b", "x\n"])
def test_a_name_that_jupyter_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(InvalidKernelName):
        kernels.checked_name(name)


def test_a_name_is_kept_in_small_letters_as_jupyter_does() -> None:
    assert kernels.checked_name("CASA-6.7_a") == "casa-6.7_a"


@pytest.mark.parametrize("spec", [{}, {"metadata": {"casa_desktop": "x"}}, {"argv": ["python", "-m", "ipykernel"]}])
def test_kernelspecs_of_others_are_not_taken_for_ours(spec: Dict[str, Any]) -> None:
    kernel = kernels.Kernel("x", Path("/k/x"), spec)
    assert kernel.about is None
    assert not kernel.is_casa
    assert kernel.overlay is None
    assert kernel.container is None


def test_a_kernel_whose_program_overlay_or_image_has_gone_is_in_trouble(tmp_path: Path) -> None:
    folder = tmp_path / "kernels" / "x"

    def trouble(spec: Dict[str, Any]) -> str:
        said, remedy = kernels.trouble(kernels.Kernel("x", folder, spec))
        assert not said or "kernel install --name x --replace" in remedy
        return said

    assert trouble(kernels.python_spec(sys.executable, FOUND)) == ""
    assert trouble(kernels.python_spec("/gone/python", FOUND)) == "there is no program /gone/python"
    overlay = kernels.overlay_of(folder)
    spec = kernels.python_spec(sys.executable, FOUND, overlay=overlay)
    assert trouble(spec) == f"there is no folder {overlay}"
    overlay.mkdir(parents=True)
    assert trouble(spec) == ""
    spec["metadata"]["casa_desktop"]["version"] = "0.0.1"
    assert trouble(spec) == f"its casa-desktop is 0.0.1, but this is {__version__}"
    sif = kernels.container_spec(sys.executable, Container("apptainer", str(tmp_path / "gone.sif")), FOUND)
    assert trouble(sif) in (f"there is no file {tmp_path / 'gone.sif'}", "there is no apptainer on PATH")


def test_a_kernelspec_that_cannot_be_read_is_in_trouble() -> None:
    assert kernels.trouble(kernels.Kernel("x", Path("/k/x"), {})) == ("its /k/x/kernel.json cannot be read", "")


def test_what_there_is_to_know_of_a_kernel_can_be_written_as_json() -> None:
    spec = kernels.python_spec(sys.executable, FOUND, desktop="m31")
    told = kernels.Kernel("casa-6.5.6", Path("/k/casa-6.5.6"), spec).as_dict()
    assert json.loads(json.dumps(told)) == {
        "name": "casa-6.5.6",
        "display_name": "CASA 6.5.6",
        "casa": "6.5.6",
        "folder": "/k/casa-6.5.6",
        "python": sys.executable,
        "container": None,
        "desktop": "m31",
        "overlay": None,
        "removable": True,
        "trouble": None,
    }
