"""Notebooks as jobs, by the command line, for the tests of each engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import psutil

from casa_desktop.system.descriptors import readable

from .living import is_alive, line_of, with_variable

# How long a job may take to come to a cell, on a machine that starts many kernels.
PATIENCE = 200.0
# The phases of a job that has ended.
ENDED = ("COMPLETED", "ERROR", "ABORTED")
# A cell that tells that it runs, and runs until it is interrupted.
ENDLESS = "print('before', flush=True)\nopen('begun', 'w').write('x')\nimport threading\nthreading.Event().wait()"


class Jobs:
    """The jobs of one user, in a home of its own.

    Args:
        environment: of the command line.
        home: where the jobs lie; does not exist.

    Attributes:
        folder: of all jobs.
    """

    def __init__(self, environment: Dict[str, str], home: Path) -> None:
        self.environment = {**environment, "XDG_DATA_HOME": str(home)}
        self.folder = home / "casa-desktop" / "jobs"

    def call(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``casa-desktop`` with some words."""
        return subprocess.run(
            [sys.executable, "-m", "casa_desktop", *words],
            cwd=cwd or self.folder.parents[1].parent,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def submit(self, script: Path, *words: str, on: str = "here") -> str:
        """Run a script as a job in its folder; return the job's id."""
        called = self.call("run", script.name, "--on", on, *words, cwd=script.parent)
        assert called.returncode == 0, called.stderr
        return called.stdout.split()[0]

    def listed(self, *ids: str) -> Dict[str, Dict[str, Any]]:
        """Return what ``casa-desktop jobs`` says of jobs, by their ids."""
        called = self.call("jobs", "list", *ids, "--json")
        assert called.returncode == 0, called.stderr
        return {each["id"]: each for each in json.loads(called.stdout)}

    def end(self) -> List[str]:
        """Stop the jobs that have not ended, as after a failure; return their ids."""
        ids = [name for name, job in self.listed().items() if job["phase"] not in ENDED]
        for name in ids:
            self.call("jobs", "stop", name)
        return ids

    def wait(self, name: str) -> subprocess.CompletedProcess[str]:
        """Wait for the end of a job."""
        return self.call("jobs", "wait", name)


def script(folder: Path, name: str, *cells: str, parameters: str = "") -> Path:
    """Write a script of some cells into a new folder; return its path."""
    folder.mkdir()
    head = [f'# %% tags=["parameters"]\n{parameters}\n'] if parameters else []
    path = folder / f"{name}.py"
    path.write_text("\n".join([*head, *(f"# %%\n{cell}\n" for cell in cells)]))
    return path


class Begun:
    """Tells when the cell ``ENDLESS`` runs in a folder; make it before the job."""

    def __init__(self, folder: Path) -> None:
        os.mkfifo(folder / "begun")
        self._begun = os.open(folder / "begun", os.O_RDONLY | os.O_NONBLOCK)

    def wait(self) -> None:
        """Wait until the cell runs."""
        assert readable([self._begun], PATIENCE)
        os.close(self._begun)


def texts(path: str) -> List[str]:
    """Return what the cells of a notebook have printed."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return [each["text"] for cell in notebook.cells for each in cell.get("outputs", []) if "text" in each]


def left(home: Path) -> List[str]:
    """Wait until all processes of the jobs in a home have ended; return the command lines of those that have not."""
    found = with_variable("XDG_DATA_HOME", str(home))
    psutil.wait_procs(found, timeout=PATIENCE)
    return [line_of(each) for each in found if is_alive(each)]
