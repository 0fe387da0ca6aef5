"""What any test may ask for: a place of its own, an environment that points there, a simulated observation."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Dict, Iterator

import pytest

from .runner import parallel
from .runner.session import Session

HERE = Path(__file__).parent

# A test that inherits one of these would work on the developer's own desktops, notebooks and data.
# And a kernel that believes itself part of pytest does not show what C++ prints.
FOREIGN = ("CASA", "DISPLAY", "IPYTHON", "JUPYTER", "MPLBACKEND", "PYTEST_", "XAUTHORITY", "XDG_")


# Beside CASA's other releases, `make matrix` installs less; no property is tested there.
with suppress(ModuleNotFoundError):
    from hypothesis import HealthCheck, settings

    # An example may have to wait for a processor: how long it takes says nothing of the property.
    settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("patient")
    # As many examples of each property as `make test-all` has time for.
    settings.register_profile("thorough", settings.get_profile("patient"), max_examples=1000)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the options of the tests' own: how long life is (``lasting``), and how much chaos there is (``chaos``)."""
    parser.addoption("--quick", action="store_true", help="only what needs neither CASA nor a browser, nor much time")
    parser.addoption("--long", action="store_true", help="10,000 pages and 1,000 pictures instead of some (lasting)")
    chaos = parser.getgroup("chaos", "chaos: parts killed, stopped and starved while notebooks work")
    chaos.addoption("--rounds", type=int, default=30, metavar="N", help="play so many rounds (default: %(default)s)")
    chaos.addoption("--chaos-fresh", type=int, metavar="S", help="play rounds of the seeds S, S + 1 and so on")
    chaos.addoption("--chaos-seed", type=int, metavar="S", help="play a round of this seed alone, the one of ...")
    chaos.addoption("--chaos-round", type=int, default=0, metavar="R", help="... this number (default: %(default)s)")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Decide how many workers there are before pytest-xdist does."""
    parallel.arrange(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give the tests out as ``runner`` has it."""
    from .runner.schedule import Parallel

    return Parallel(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker where it is."""
    parallel.tell(node)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take SIGINT as in a terminal: a shell has its background ignore it, and so would all that is started here.

    And have threads of OpenMP that wait for each other sleep meanwhile.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Otherwise they are busy waiting for one to which a busy machine gives no processor: a small tclean took five times
    # as much of the processors as it needs.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    parallel.settle(config)
    config.pluginmanager.register(Session(config))


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """A private folder for the whole run. Its path is short: a unix socket's may have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="cd-", dir="/tmp"))
    yield folder
    # The guard of a kernel that has just ended removes the runtime directory at the same time, and a program that is
    # about to end writes what it has left to write.
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTEMPTY):
                raise


@pytest.fixture(scope="session")
def environment(place: Path) -> Dict[str, str]:
    """The variables for child processes: everything that they write goes below ``place``."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    home, temporary = place / "home", place / "tmp"
    for folder in (home, temporary):
        folder.mkdir()
    scripts = Path(sys.executable).parent
    return {
        **own,
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PATH": f"{scripts}:{own['PATH']}",
        # Kernels have a network of their own, unless it is the other way that is to be tried.
        "CASA_DESKTOP_NETWORK": os.environ.get("CASA_DESKTOP_NETWORK", ""),
        "CASA_DESKTOP_RUNTIME_DIR": str(place / "run"),
        # Unpacked once for all workers and later runs: each tool takes 3 s of a processor, and 500 MB.
        # casaviewer draws whole pictures only where the path is short, also below an environment of the matrix.
        "CASA_DESKTOP_TOOLS": str(Path(sys.prefix, "share", "unpacked")),
        # Kernels believe that their Jupyter shows desktops, and serve no page themselves.
        "CASA_DESKTOP_URL": "/casa-desktop/",
        "JUPYTER_CONFIG_DIR": str(home / "jupyter-config"),
        # Each JupyterLab would start npm, to look for language servers, and each page of it Node, to see whether the
        # page must be built again: together half a second of a processor.
        "JUPYTER_CONFIG_PATH": str(HERE / "support" / "jupyter_settings"),
        "JUPYTER_DATA_DIR": str(home / "jupyter-data"),
        "JUPYTER_RUNTIME_DIR": str(home / "jupyter-runtime"),
        "LANG": "C.UTF-8",
        "PYTHONNOUSERSITE": "1",
    }


@pytest.fixture(scope="session")
def untouched(place: Path, environment: Dict[str, str]) -> Path:
    """A folder with what ``observation`` has, as it was made: tests copy from here and change nothing here."""
    folder = place / "untouched"
    folder.mkdir()
    shutil.copy(HERE / "support" / "observation" / "siteconfig.py", folder / "casasiteconfig.py")
    _run("simulate.py", folder, environment)
    return folder


@pytest.fixture(scope="session")
def untouched_line(untouched: Path, environment: Dict[str, str]) -> Path:
    """The same folder, with what ``spectral_line`` has, as it was made."""
    _run("calibrate.py", untouched, environment)
    return untouched


@pytest.fixture(scope="session")
def new_observation(place: Path, untouched: Path) -> Callable[[], Path]:
    """A function that returns a new folder with what ``simulate.py`` has made in ``untouched``."""

    def copy() -> Path:
        folder = tempfile.mkdtemp(prefix="observation-", dir=place)
        # calibrate.py may have worked there since.
        return Path(shutil.copytree(untouched, folder, ignore=shutil.ignore_patterns("line*"), dirs_exist_ok=True))

    return copy


@pytest.fixture(scope="module")
def observation(new_observation: Callable[[], Path]) -> Path:
    """A folder with ``sim.ms``, a simulated MeasurementSet, and ``dirty.image``, a dirty image made of it.

    The image has 128 x 128 pixels of 0.4 arcsec; a Gaussian of 1 Jy stands in its middle. The folder is the file's own:
    no test finds what another file's tests have left. What needs the data as they were made copies ``untouched``.
    """
    return new_observation()


@pytest.fixture(scope="module")
def spectral_line(observation: Path, untouched_line: Path) -> Path:
    """The folder of the observation, with what ``calibrate.py`` adds to it."""
    for path in untouched_line.iterdir():
        if path.is_dir() and not (observation / path.name).exists():
            shutil.copytree(path, observation / path.name)
    return observation


def _run(script: str, folder: Path, environment: Dict[str, str]) -> None:
    # The small suites of tests/runner have this file, and no support.
    from .support.simulated import make

    site = {"CASASITECONFIG": str(folder / "casasiteconfig.py")}
    make(HERE / "support" / "observation" / script, folder, {**environment, **site})
