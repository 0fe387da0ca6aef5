"""Who may import whom: the arrows of the house."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[2]
DESKTOP = SOURCES / "casa_desktop"
KERNEL = SOURCES / "kernel" / "casa_kernel"
SERVER_SIDE = {
    *("config", "reception", "flow", "proxy", "handlers", "pages", "sharing", "notices", "extension", "provisioner"),
    *("guests", "sharedsocket"),
}  # fmt: skip
# They may be used from any command, on any Python; jupyter_client is there with ipykernel.
KERNEL_CLIENTS = {"kernelspecs", "kernelrun"}
JUPYTER_CLIENT = {"jupyter_client", "jupyter_core"}
JUPYTER = {"jupyter_server", "jupyter_server_proxy", "tornado", "traitlets", "IPython", "ipykernel"}
CASA = {"casatools", "casatasks", "casaviewer", "casaplotms", "casalogger"}


def _imports(path: Path, package: str) -> set[str]:
    """Return all modules that a file imports, at any depth of its code, by their absolute names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = f"{package}.{node.module}" if node.level and node.module else node.module or package
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def _roots(path: Path, package: str) -> set[str]:
    return {name.split(".")[0] for name in _imports(path, package)}


@pytest.mark.parametrize("path", sorted(DESKTOP.glob("*.py")), ids=lambda path: path.stem)
def test_only_the_server_side_of_the_desktop_knows_jupyter(path: Path) -> None:
    roots = _roots(path, "casa_desktop")
    assert "casa_kernel" not in roots
    assert not roots & CASA
    if path.stem not in SERVER_SIDE:
        assert not roots & JUPYTER
        assert not {f"casa_desktop.{each}" for each in SERVER_SIDE} & _modules(path, "casa_desktop")


@pytest.mark.parametrize("path", sorted(DESKTOP.glob("*.py")), ids=lambda path: path.stem)
def test_only_what_writes_and_starts_kernels_knows_jupyter_s_client(path: Path) -> None:
    if path.stem not in SERVER_SIDE | KERNEL_CLIENTS:
        assert not _roots(path, "casa_desktop") & JUPYTER_CLIENT


@pytest.mark.parametrize("name", sorted(KERNEL_CLIENTS))
def test_jupyter_s_client_is_imported_only_when_it_is_used(name: str) -> None:
    tree = ast.parse((DESKTOP / f"{name}.py").read_text(encoding="utf-8"))
    at_once = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert not any("jupyter" in ast.dump(node) for node in at_once)


def _modules(path: Path, package: str) -> set[str]:
    """Return the first two parts of each imported name."""
    return {".".join(name.split(".")[:2]) for name in _imports(path, package)}


@pytest.mark.parametrize(
    "path", [*sorted(DESKTOP.glob("*.py")), *sorted(KERNEL.glob("*.py"))], ids=lambda path: path.stem
)
def test_no_module_imports_in_a_circle(path: Path) -> None:
    package = path.parent.name
    own = {each.stem for each in path.parent.glob("*.py")}
    seen: set[str] = set()
    waiting = _top_level_neighbours(path, package, own)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting |= _top_level_neighbours(path.parent / f"{name}.py", package, own)
    assert path.stem not in seen


def _top_level_neighbours(path: Path, package: str, own: set[str]) -> set[str]:
    names = {name.split(".")[1] for name in _imports(path, package) if name.startswith(f"{package}.")}
    return names & own
