"""A kernel per module, a desktop that ends with it, and ways to look for what is left."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import pytest

from casa_desktop.desktop import lifecycle, registry

from ..support.living import below, line_of
from ..support.notebook import Notebook

# The tools' processes are called by these names, in part.
OURS = ("casaviewer", "casaplotms", "casalogger", "casa-kernel-guard", "casa_kernel", "close_requests.py")


@pytest.fixture(scope="session")
def long(pytestconfig: pytest.Config) -> bool:
    """Whether there is time for many turns of what chance decides."""
    return bool(pytestconfig.getoption("--long"))


@pytest.fixture(scope="session")
def kernel_environment(environment: Dict[str, str]) -> Dict[str, str]:
    """The variables of the kernels under test."""
    return environment


@pytest.fixture(scope="module")
def notebook(observation: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel that works in the folder of the observation."""
    with Notebook(observation, kernel_environment) as kernel:
        yield kernel


@pytest.fixture(scope="module")
def line_folder(untouched_line: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``line.ms``, an observation of eight channels, for one kernel."""
    made = tmp_path_factory.mktemp("reduce, please")
    shutil.copytree(untouched_line / "line.ms", made / "line.ms")
    return made


@pytest.fixture(scope="module")
def line_kernel(line_folder: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel that works there."""
    with Notebook(line_folder, kernel_environment) as kernel:
        yield kernel


@pytest.fixture
def runtime_directory(environment: Dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kernels' runtime directory, for this process too."""
    folder = environment["CASA_DESKTOP_RUNTIME_DIR"]
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", folder)
    return Path(folder)


@pytest.fixture
def record(runtime_directory: Path) -> Iterator[Callable[[], Dict[str, str]]]:
    """A function that returns the record of the running desktop; the desktop ends with the test."""

    def find() -> Dict[str, str]:
        found = registry.find("main")
        assert found is not None, "no desktop is running"
        return {"display": found.display, "xauthority": found.xauthority}

    yield find
    lifecycle.stop("main")


@pytest.fixture
def children_of() -> Callable[[int], List[str]]:
    """A function that returns the command lines of our processes below one."""

    def find(pid: int) -> List[str]:
        # A tool that ended with its desktop waits for the kernel to ask after it, and counts no more.
        return [words for words in map(line_of, below(pid)) if any(name in words for name in OURS)]

    return find
