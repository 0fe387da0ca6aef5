"""Several workers, each in a place of its own, and one on the machine itself: what ``-n`` means in this suite."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, List

import pytest

PLACE = Path(__file__).parent / "place.py"
_FOLDER = pytest.StashKey[Path]()
_REFUSED = pytest.StashKey[str]()


def arrange(config: pytest.Config) -> None:
    """Have pytest-xdist start the workers that ``-n`` asks for, if this machine allows them their places."""
    wanted = config.getoption("numprocesses", None)
    if not wanted or config.option.collectonly:
        return
    if config.option.usepdb or config.option.capture == "no":
        # Somebody wants to talk to a test, or to see it talk.
        config.option.numprocesses = 0
        return
    folder = Path(tempfile.mkdtemp(prefix="cd-run-", dir="/tmp"))
    config.stash[_FOLDER] = folder
    refusal = refused(folder)
    if refusal:
        config.stash[_REFUSED] = refusal
        config.option.numprocesses = 0
        return
    count = wanted if isinstance(wanted, int) else len(os.sched_getaffinity(0))
    config.option.numprocesses = None
    config.option.dist = "loadfile"
    # None of those that run alone is quick.
    machine = [] if config.option.quick else ["popen//id=machine"]
    config.option.tx = [*[f"popen//python={shlex.join(_command(folder))}"] * count, *machine]


def refused(folder: Path) -> str:
    """Return why this machine allows no places of their own, or nothing if it does."""
    done = subprocess.run([*_command(folder), "-c", "pass"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no reason given"])[-1]


def tell(node: Any) -> None:
    """Tell a worker, before it starts, whether it has a place of its own."""
    node.workerinput["own_place"] = bool(node.gateway.spec.python)


def settle(config: pytest.Config) -> None:
    """Have a worker make its temporary folders in its own /tmp: the one that pytest-xdist chose is of another."""
    if getattr(config, "workerinput", {}).get("own_place"):
        config.option.basetemp = None


def header(config: pytest.Config) -> List[str]:
    """Return what the run's first lines tell of it."""
    if _REFUSED in config.stash:
        return [f"in line: workers could have no place of their own here: {config.stash[_REFUSED]}"]
    return []


def end(config: pytest.Config) -> None:
    """Remove what the workers left."""
    if _FOLDER in config.stash:
        shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)


def _command(folder: Path) -> List[str]:
    return [sys.executable, str(PLACE), str(folder)]
