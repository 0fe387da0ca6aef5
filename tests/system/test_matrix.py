"""CASA's releases, each under a Python that it was made for; run by ``make matrix``, because it installs gigabytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.8", "3.10", "3.11", "3.12", "3.13")
DRAW = """
viewer("dirty.image", outfile="picture.png", outformat="png")
import sys, casatools
from pathlib import Path
print("drawn", Path("picture.png").stat().st_size, sys.version_info[:2], casatools.version_string())
"""


def _pythons(version: str) -> List[str]:
    """Return the interpreters of a version, on PATH and in pyenv's folder, that can be run."""
    folders = [Path(folder) for folder in os.environ["PATH"].split(":")]
    folders += sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions").glob(f"{version}.*/bin"))
    names = [str(folder / f"python{version}") for folder in folders if (folder / f"python{version}").exists()]
    # A shim of pyenv's is there even where its Python is not in use.
    return [name for name in names if subprocess.run([name, "--version"], capture_output=True).returncode == 0]


@dataclass(frozen=True)
class Release:
    """One release of CASA, with the wheels of its time.

    Attributes:
        casa: its version.
        python: the Python.
        wheels: the tools, and what else must be of its time.
        leave: tests of what the release does not have, or of what the test's hand does not know in it.
    """

    casa: str
    python: str
    wheels: Tuple[str, ...]
    leave: Tuple[str, ...] = ()


# What is run in each: pictures without a window, windows, the log.
TESTS = ("tests/kernel/test_headless.py", "tests/kernel/test_live.py", "tests/kernel/test_log_stream.py")
# The tools of Qt 4: the hand that draws the mask knows the newer editor by its looks, and these need Xvfb on PATH.
QT4 = ("cleaning", "mask_drawn", "goes_away", "without_an_x_server")
NEWEST = ("casaviewer==2.4.4", "casaplotms==2.9.1", "casalogger==1.0.24", "casatablebrowser", "casafeather")

RELEASES = (
    # tclean's nmajor and the log's name in casasiteconfig.py came later; Python 3.8 has no os.pidfd_open, and pip
    # does not come to an end with nbconvert there.
    Release(
        "6.4.4.31",
        "3.8",
        ("casaviewer==1.5.2", "casaplotms==1.7.3", "casalogger==1.0.15", "casadata==2022.9.5"),
        (*QT4, "tells_its_cycles", "user_named", "that_was_killed", "executed_notebook"),
    ),
    Release(
        "6.6.0.20",
        "3.10",
        ("casaviewer==2.0.1", "casaplotms==2.3.4", "casalogger==1.0.17", "numpy<2", "matplotlib<3.8"),
        (*QT4, "user_named"),
    ),
    Release("6.7.0.31", "3.11", (*NEWEST, "numpy<2.4")),
    Release("6.7.5.18", "3.12", (*NEWEST, "numpy<2.4")),
)


@pytest.mark.matrix
@pytest.mark.parametrize("release", RELEASES, ids=lambda release: f"CASA {release.casa}, Python {release.python}")
def test_pictures_windows_and_the_log_work_with_a_release_of_casa(
    release: Release, place: Path, environment: Dict[str, str]
) -> None:
    if not _pythons(release.python):
        pytest.skip(f"there is no Python {release.python} here")
    venv = place / f"casa{release.casa}"
    python = venv / "bin" / "python"
    own = [f"{name}=={release.casa}" for name in ("casatools", "casatasks", "casashell")]
    tests = ["pytest>=8", "pytest-timeout", "requests"]
    tests += [] if "executed_notebook" in release.leave else ["nbconvert", "nbclient"]
    leave = " or ".join(release.leave)
    for command in (
        [_pythons(release.python)[0], "-m", "venv", str(venv)],
        [str(python), "-m", "pip", "install", "--quiet", "casadata", "six", *own, *release.wheels, *tests, str(ROOT)],
        # Libraries that are older than this Python warn.
        [str(python), "-m", "pytest", "-q", "-W", "ignore", "-p", "no:cacheprovider", *TESTS]
        + (["-k", f"not ({leave})"] if leave else []),
    ):
        env = {**environment, "PATH": f"{python.parent}:{environment['PATH']}", "HOME": os.environ["HOME"]}
        subprocess.run(command, check=True, cwd=ROOT, env=env)
    shutil.rmtree(venv)


@pytest.mark.matrix
@pytest.mark.parametrize("version", [version for version in VERSIONS if _pythons(version)])
def test_casa_extra_installs_imports_and_draws(
    version: str, place: Path, environment: Dict[str, str], observation: Path
) -> None:
    venv = place / f"python{version}"
    work = place / f"work{version}"
    shutil.copytree(observation / "dirty.image", work / "dirty.image")
    python = venv / "bin" / "python"
    env = {**environment, "PATH": f"{python.parent}:{environment['PATH']}"}
    for command in (
        [_pythons(version)[0], "-m", "venv", str(venv)],
        [str(python), "-m", "pip", "install", "--quiet", f"{ROOT}[casa]"],
    ):
        subprocess.run(command, check=True, env={**env, "HOME": os.environ["HOME"]})
    said = subprocess.run(
        [str(python), "-c", _IN_KERNEL, DRAW], cwd=work, env=env, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    print(said, file=sys.stderr)
    assert "drawn" in said
    shutil.rmtree(venv)


_IN_KERNEL = """
import sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="casa", startup_timeout=120)
try:
    reply = client.execute_interactive(sys.argv[1], timeout=300)
finally:
    client.stop_channels()
    manager.shutdown_kernel()
assert reply["content"]["status"] == "ok", reply["content"]
"""
