"""The ``casa`` extra under each Python that it is meant for; run by ``make matrix``, because it installs gigabytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
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
