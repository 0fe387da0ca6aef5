"""A kernel over MPI, whose ranks share the processors of a small machine."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Mapping, Sequence

import pytest

from casa_desktop import names
from casa_desktop.system.pythonpath import module

from .notebook import Notebook

NUMBER = 3
WITH_MPI = pytest.mark.skipif(
    not (shutil.which("mpirun") and importlib.util.find_spec("casampi")), reason="there is no mpirun, or no casampi"
)


def program(number: int = NUMBER) -> Sequence[str]:
    """Return what the Python of a kernel with so many ranks runs."""
    return (*module(names.RANKS_LAUNCHER), "--ranks", str(number), "--oversubscribe")


def started(
    folder: Path, environment: Mapping[str, str], number: int = NUMBER, *, provisioned: bool = True
) -> Notebook:
    """Start a kernel of so many ranks."""
    return Notebook(folder, environment, program=program(number), provisioned=provisioned)
