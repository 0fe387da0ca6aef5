"""CASA's releases, each under a Python that it was made for; run by ``make matrix``, because it installs gigabytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict

import pytest

from ..support.releases import KEPT, RELEASES, Release, pythons

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.8", "3.10", "3.11", "3.12", "3.13")
DRAW = """
viewer("dirty.image", outfile="picture.png", outformat="png")
import sys, casatools
from pathlib import Path
print("drawn", Path("picture.png").stat().st_size, sys.version_info[:2], casatools.version_string())
"""
# What is run in each: pictures without a window, windows, the log, CASA by every name, what tasks read and write, what
# hands did in windows.
TESTS = tuple(
    f"tests/kernel/{name}"
    for name in (
        "drawing/test_headless.py",
        "drawing/test_live.py",
        "log/test_cell_log.py",
        "casa/test_task_names.py",
        "interactive/test_missing_editor.py",
        "reuse/test_rows.py",
        "replay",
    )
)
# What the tests of all else have, and a release is not given.
MISSING = ("hypothesis", "xdist", "pytest_cov", "playwright", "jupyterhub", "websockets", "pytest_jupyter", "notebook")
COLLECT = (
    f"import sys; sys.modules.update(dict.fromkeys({MISSING})); import pytest; sys.exit(pytest.main(sys.argv[1:]))"
)


def test_the_tests_that_a_release_is_given_need_no_more_than_is_installed_with_it() -> None:
    command = [sys.executable, "-c", COLLECT, "--collect-only", "-q", "-p", "pytest_timeout", *TESTS]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.matrix
@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_pictures_windows_and_the_log_work_with_a_release_of_casa(
    release: Release, place: Path, environment: Dict[str, str]
) -> None:
    reason = release.why_not()
    if reason:
        pytest.skip(reason)
    enter = release.enter(Path(KEPT) if KEPT else place)
    venv = place / f"casa{release.casa}{release.debian}"
    tests = ["pytest>=8", "pytest-timeout", "requests"]
    tests += [] if "executed_notebook" in release.leave else ["nbconvert", "nbclient"]
    python = release.install(venv, *tests, str(ROOT), enter=enter)
    leave = " or ".join(release.leave)
    # Libraries that are older than this Python warn.
    command = [*enter, str(python), "-m", "pytest", "-q", "-W", "ignore", "-p", "no:cacheprovider", *TESTS]
    env = {**environment, "PATH": f"{python.parent}:{environment['PATH']}", "HOME": os.environ["HOME"]}
    subprocess.run(command + (["-k", f"not ({leave})"] if leave else []), check=True, cwd=ROOT, env=env)
    shutil.rmtree(venv)


@pytest.mark.matrix
@pytest.mark.parametrize("version", VERSIONS)
def test_casa_extra_installs_imports_and_draws(
    version: str, place: Path, environment: Dict[str, str], untouched: Path
) -> None:
    if not pythons(version):
        pytest.skip(f"there is no Python {version} here")
    venv = place / f"python{version}"
    work = place / f"work{version}"
    shutil.copytree(untouched / "dirty.image", work / "dirty.image")
    python = venv / "bin" / "python"
    env = {**environment, "PATH": f"{python.parent}:{environment['PATH']}"}
    for command in (
        [pythons(version)[0], "-m", "venv", str(venv)],
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
