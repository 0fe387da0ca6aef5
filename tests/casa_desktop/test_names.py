"""The names that processes share."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import util
from pathlib import Path

import pytest

from casa_desktop import names

PROGRAMS = sorted(
    value
    for name, value in vars(names).items()
    if name.isupper() and isinstance(value, str) and value.startswith(("casa_desktop", "casa_kernel"))
)


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_that_a_process_starts_another_by_can_be_run(program: str) -> None:
    spec = util.find_spec(program)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = util.find_spec(f"{program}.__main__")
    assert spec is not None
    assert spec.origin is not None
    code = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    assert any(isinstance(node, ast.If) and "__main__" in ast.unparse(node.test) for node in code.body)


def test_the_launcher_runs_by_the_name_of_earlier_kernelspecs() -> None:
    usages = [
        subprocess.check_output([sys.executable, "-m", name, "--help"], text=True)
        for name in (names.CONTAINED_KERNEL_BEFORE, names.CONTAINED_KERNEL)
    ]
    assert usages[0] == usages[1]


def test_the_provisioner_is_found_by_the_name_of_earlier_installations() -> None:
    from casa_desktop import provisioner
    from casa_desktop.kernels.provisioner import ContainerProvisioner

    assert provisioner.ContainerProvisioner is ContainerProvisioner
