"""Kernelspecs as earlier versions of casa-desktop wrote them, installed to the letter: their kernels still start.

The texts were written by ``casa-desktop kernel install`` and by the wheel, before the modules got packages. The program
that starts containers was then ``casa_desktop.outside``, and the provisioner was in ``casa_desktop.provisioner``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from casa_desktop.__main__ import main

from ..support.mask_editor import TITLE
from ..support.notebook import Notebook
from ..support.screen import Screen

Find = Callable[[], Dict[str, str]]
# As json.dumps wrote it; the Python's path is filled in.
MODULE = (
    "import sys; sys.path[0] or sys.path.pop(0); import runpy; del sys.argv[0]; "
    "runpy.run_module(sys.argv[0], run_name=__name__, alter_sys=True)"
)
WHEEL = """{
  "argv": [
    "python",
    "-c",
    "MODULE",
    "casa_kernel",
    "-f",
    "{connection_file}"
  ],
  "display_name": "CASA",
  "language": "python",
  "interrupt_mode": "signal",
  "metadata": {
    "debugger": true,
    "kernel_provisioner": { "provisioner_name": "casa-desktop" }
  }
}
"""
HERE = """{
 "argv": [
  "PYTHON",
  "-c",
  "MODULE",
  "casa_kernel",
  "-f",
  "{connection_file}",
  "--",
  "--nologfile"
 ],
 "display_name": "CASA 6.7.0",
 "language": "python",
 "interrupt_mode": "signal",
 "env": {
  "CASA_DESKTOP_NETWORK": "host",
  "CASA_DESKTOP_NAME": "main"
 },
 "metadata": {
  "debugger": true,
  "casa_desktop": {
   "version": "0.1.0",
   "casa": "6.7.0",
   "python": "PYTHON",
   "overlay": false
  }
 }
}
"""
SANDBOX = """{
 "argv": [
  "PYTHON",
  "-c",
  "MODULE",
  "casa_desktop.outside",
  "-f",
  "{connection_file}",
  "--container",
  "{\\"engine\\": \\"bwrap\\"}",
  "--",
  "--nologfile"
 ],
 "display_name": "CASA 6.7.0 (sandbox)",
 "language": "python",
 "interrupt_mode": "signal",
 "env": {},
 "metadata": {
  "debugger": true,
  "kernel_provisioner": {
   "provisioner_name": "casa-desktop"
  },
  "casa_desktop": {
   "version": "0.1.0",
   "casa": "6.7.0",
   "container": {
    "engine": "bwrap"
   }
  }
 }
}
"""
KERNELSPECS = {"wheel": WHEEL, "here": HERE, "sandbox": SANDBOX}
# What an earlier installation says of itself, where Jupyter looks for provisioners.
ENTRY_POINTS = """[jupyter_client.kernel_provisioners]
casa-desktop = casa_desktop.provisioner:ContainerProvisioner
"""


@pytest.fixture(autouse=True)
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A user's folder of Jupyter with the kernelspecs, and an installation whose entry point is the earlier one."""
    for name, text in KERNELSPECS.items():
        folder = tmp_path / "data" / "kernels" / name
        folder.mkdir(parents=True)
        filled = text.replace("MODULE", MODULE).replace("PYTHON", sys.executable)
        (folder / "kernel.json").write_text(filled, encoding="utf-8")
    told = tmp_path / "site" / "casa_desktop-0.1.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: casa-desktop\nVersion: 0.1.0\n", encoding="utf-8")
    (told / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.syspath_prepend(str(told.parent))
    # It has read the entry points already, and keeps them.
    monkeypatch.setattr(KernelProvisionerFactory, "provisioners", {})
    KernelProvisionerFactory.clear_instance()
    yield
    KernelProvisionerFactory.clear_instance()


@pytest.mark.parametrize("name", KERNELSPECS)
def test_a_kernel_starts_draws_and_opens_windows_by_an_earlier_kernelspec(
    name: str, observation: Path, kernel_environment: Dict[str, str], record: Find
) -> None:
    with Notebook(observation, kernel_environment, installed=name) as kernel:
        assert kernel.run("print(6 * 7)").text == "42\n"
        picture = kernel.run("viewer('dirty.image')")
        assert picture.error is None
        assert "image/png" in picture.displayed[-1]
        assert kernel.run("viewer('dirty.image', gui=True)").error is None
        with Screen(record()) as screen:
            screen.wait_for_window(TITLE)
        if name != "here":
            assert type(kernel.manager.provisioner).__module__ == "casa_desktop.kernels.provisioner"
            assert (
                KernelProvisionerFactory.instance()
                .provisioners["casa-desktop"]
                .value.startswith("casa_desktop.provisioner:")
            )


def test_earlier_kernelspecs_are_listed_without_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernel", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "✓ wheel: CASA, python" in lines
    assert f"✓ here: CASA 6.7.0, {sys.executable}" in lines
    assert "✓ sandbox: CASA 6.7.0 (sandbox), bwrap" in lines
    assert main(["kernel", "remove", "here", "sandbox"]) == 0
