"""Who may import whom: the arrows of the design."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Set

import casa_kernel.drawing.modes
import pytest

SOURCES = sorted(Path(casa_kernel.drawing.modes.__file__).parent.glob("*.py"))
CASA = {"casatools", "casatasks", "casaviewer", "casaplotms", "casalogger", "casadata", "casashell"}
IPYTHON = {"IPython", "ipykernel"}


def imported(source: Path) -> Set[str]:
    found: Set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(), feature_version=(3, 8))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.update({str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names})
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            found.update(argument.value for argument in node.args if isinstance(argument, ast.Constant))
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_only_one_module_imports_casa_and_few_import_ipython(source: Path) -> None:
    tops = {name.partition(".")[0] for name in imported(source)}
    assert source.stem == "casa" or not tops & CASA
    assert (
        source.stem in {"barecalls", "kernel", "notebook", "profile", "streams", "application", "__main__"}
        or source.stem.endswith("magics")
        or not tops & IPYTHON
    )


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_kernel_knows_few_modules_of_the_desktop(source: Path) -> None:
    of_desktop = {".".join(name.split(".")[:2]) for name in imported(source) if name.startswith("casa_desktop.")}
    few = ("session", "runtime", "folders", "descriptors", "errors", "quarters", "threads", "inherited", "alarm")
    assert of_desktop <= {f"casa_desktop.{each}" for each in few}
