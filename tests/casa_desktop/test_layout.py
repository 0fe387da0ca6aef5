"""Who may import whom: the packages stand on floors, and each imports only from floors below its own."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path
from typing import Callable, Iterator

import pytest
from graphlib import TopologicalSorter

SOURCES = Path(__file__).resolve().parents[2]
ROOTS = {"casa_desktop": SOURCES / "casa_desktop", "casa_kernel": SOURCES / "kernel" / "casa_kernel"}
# From the ground up. Packages on one floor do not know each other.
FLOORS = {
    "casa_desktop": (
        {"system"},
        {"containers", "runtime", "store"},
        {"handwork", "history", "network", "video", "x11"},
        {"desktop"},
        {"kernels", "launchers", "views"},
        {"batch"},
        {"web"},
        {"cli"},
    ),
    "casa_kernel": (
        {"checks"},
        {"log"},
        {"casa", "inputs", "reuse"},
        {"replay", "tools"},
        {"interactive", "ranks"},
        {"drawing"},
        {"jupyter"},
    ),
}
JUPYTER_CLIENT = {"jupyter_client", "jupyter_core"}
# Projects, and the packages that may import them.
KNOWN_TO = (
    (
        {"jupyter_server", "jupyter_server_proxy", "prometheus_client", "tornado", "traitlets"},
        {"casa_desktop.web", "casa_desktop.kernels.provisioner", "casa_desktop.provisioner", "casa_kernel.jupyter"},
    ),
    (JUPYTER_CLIENT, {"casa_desktop.batch", "casa_desktop.kernels", "casa_kernel.jupyter"}),
    ({"nbclient", "nbformat"}, {"casa_desktop.batch"}),
    # The extra ``video``: imported by the encoder's process alone.
    ({"av"}, {"casa_desktop.video.encoder"}),
    ({"IPython", "ipykernel"}, {"casa_kernel.jupyter", "casa_kernel.__main__"}),
    (
        {
            "casatools",
            "casatasks",
            "casaviewer",
            "casaplotms",
            "casalogger",
            "casadata",
            "casashell",
            "casampi",
            "mpi4py",
        },
        {"casa_kernel.casa"},
    ),
)
# Of the desktop, a kernel knows what it needs to have one, and nothing of Jupyter's server.
FOR_KERNELS = {"errors", "names", "system", "runtime", "store", "handwork", "history", "network", "x11", "desktop"}


def _modules() -> Iterator[Path]:
    for root in ROOTS.values():
        # labextension has packages of npm below it.
        yield from (each for each in sorted(root.rglob("*.py")) if "labextension" not in each.parts)


def _dotted(path: Path) -> str:
    top = next(name for name, root in ROOTS.items() if root in path.parents)
    words = path.relative_to(ROOTS[top]).with_suffix("").parts
    return ".".join([top, *words]).removesuffix(".__init__")


@lru_cache(maxsize=None)
def _imports(dotted: str, *, at_once: bool = False) -> frozenset[str]:
    """Return the absolute names of all that a module imports; ``at_once``: outside of functions only."""
    path = PATHS[dotted]
    package = dotted.split(".") if path.name == "__init__.py" else dotted.split(".")[:-1]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in tree.body if at_once else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *(node.module or "").split(".")] if node.module else base
            found |= {".".join([*base, alias.name]) for alias in node.names}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            found |= {
                each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            }
    return frozenset(found)


def _package(dotted: str) -> str:
    words = dotted.split(".")
    return words[1] if len(words) > 1 else ""


def _floor(top: str, package: str) -> int:
    return next((number for number, floor in enumerate(FLOORS[top]) if package in floor), -1)


PATHS = {_dotted(path): path for path in _modules()}


def test_a_package_imports_only_from_floors_below_its_own() -> None:
    assert _broken(_from_above) == {}


def _from_above(dotted: str) -> set[str]:
    top, own = dotted.split(".")[0], _package(dotted)
    floor = _floor(top, own)
    packages = {_package(name) for name in _imports(dotted) if name.startswith(f"{top}.")} - {own}
    return {each for each in packages if _floor(top, each) >= floor} if floor >= 0 else set()


def _broken(law: Callable[[str], set[str]]) -> dict[str, set[str]]:
    """Return what each module imports against a law, for those that do."""
    return {dotted: wrong for dotted in PATHS if (wrong := law(dotted))}


def test_each_of_the_other_projects_is_known_to_one_package() -> None:
    assert _broken(_foreign) == {}


def _foreign(dotted: str) -> set[str]:
    roots = {name.split(".")[0] for name in _imports(dotted)}
    wrong: set[str] = set()
    for projects, places in KNOWN_TO:
        if not any(dotted == place or dotted.startswith(f"{place}.") for place in places):
            wrong |= roots & projects
    return wrong


@pytest.mark.parametrize("name", ["client", "store"])
def test_jupyter_s_client_is_imported_only_when_it_is_used(name: str) -> None:
    roots = {each.split(".")[0] for each in _imports(f"casa_desktop.kernels.{name}", at_once=True)}
    assert not roots & JUPYTER_CLIENT


def test_containers_are_imported_only_for_desktops_that_run_in_one() -> None:
    assert _broken(_of_containers) == {}


def _of_containers(dotted: str) -> set[str]:
    names = _imports(dotted, at_once=True) if _package(dotted) == "desktop" else frozenset[str]()
    return {name for name in names if _package(name) == "containers"}


def test_desktop_and_kernel_know_little_of_each_other() -> None:
    assert _broken(_of_the_other) == {}


def _of_the_other(dotted: str) -> set[str]:
    names = _imports(dotted)
    if dotted.startswith("casa_desktop"):
        return {name for name in names if name.split(".")[0] == "casa_kernel"}
    return {_package(name) for name in names if name.startswith("casa_desktop.")} - FOR_KERNELS


def test_what_a_kernel_may_run_is_written_for_python_3_8() -> None:
    for dotted, path in PATHS.items():
        if not dotted.startswith(("casa_desktop.web", "casa_desktop.kernels")):
            ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, 8))


def test_no_module_imports_in_a_circle() -> None:
    # It raises CycleError, which names the circle.
    TopologicalSorter({dotted: _neighbours(dotted) for dotted in PATHS}).prepare()


def _neighbours(dotted: str) -> set[str]:
    """Return the modules of ours that a module imports: by their own names, or by a name that they define."""
    names = _imports(dotted)
    return {each for name in names for each in (name, name.rpartition(".")[0]) if each in PATHS and "." in each}


@pytest.mark.parametrize("top", sorted(ROOTS))
def test_sub_packages_run_nothing_when_they_are_imported(top: str) -> None:
    files = [each for each in ROOTS[top].glob("*/**/__init__.py") if "labextension" not in each.parts]
    assert files
    assert not [each for each in files if each.read_text(encoding="utf-8").strip()]


@pytest.mark.parametrize("top", sorted(ROOTS))
def test_contributing_names_each_package_and_no_other(top: str) -> None:
    text = (SOURCES / "CONTRIBUTING.md").read_text(encoding="utf-8")
    heading = {"casa_desktop": "### casa_desktop", "casa_kernel": "### kernel/casa_kernel"}[top]
    table = text.partition(f"{heading}\n")[2].partition("\n#")[0]
    named = {line.split("`")[1].rstrip("/") for line in table.splitlines() if line.startswith("| `")}
    assert named == {package for floor in FLOORS[top] for package in floor}
    assert named == {
        each.parent.name for each in ROOTS[top].glob("*/__init__.py") if each.parent.name != "labextension"
    }
