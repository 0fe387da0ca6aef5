"""A Jupyter that is not ours: a Python with packages of PyPI, and without casa-desktop and CASA."""

from __future__ import annotations

import os
import re
from importlib import metadata
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Set

from packaging.requirements import Requirement

from .other_pythons import PACKAGES, bare


def installed(folder: Path, names: Iterable[str]) -> Path:
    """Make a virtual environment that has some of this one's packages, with all that they require; return its Python.

    Args:
        folder: where.
        names: the names of distributions.

    Raises:
        importlib.metadata.PackageNotFoundError: one of them is not installed here.
    """
    python = bare(folder)
    site = next(folder.glob("lib/python*/site-packages"))
    for name in _with_requirements(names):
        for entry in _entries(metadata.distribution(name)):
            if not (site / entry).exists():
                (site / entry).symlink_to(PACKAGES / entry)
    return python


def _with_requirements(names: Iterable[str]) -> List[str]:
    found: Set[str] = set()
    waiting = [*names]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        found.add(name)
        wanted = map(Requirement, metadata.requires(name) or ())
        waiting += [each.name for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    return sorted(found)


def _entries(distribution: metadata.Distribution) -> Set[str]:
    """Return what a distribution has at the top of site-packages; its programs and data lie elsewhere."""
    first = {file.parts[0] for file in distribution.files or ()}
    return {name for name in first if name not in ("..", "__pycache__")}


def environment(environ: Mapping[str, str], python: Path, data: Path) -> Dict[str, str]:
    """Return the variables of such a Jupyter.

    Args:
        environ: those of the tests.
        python: of the Jupyter.
        data: its user's folder of data.
    """
    own = [folder for folder in environ["PATH"].split(os.pathsep) if not Path(folder, "casa-desktop").exists()]
    return {
        **environ,
        "PATH": os.pathsep.join([str(python.parent), *own]),
        "JUPYTER_DATA_DIR": str(data),
        # What is linked belongs to all.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
