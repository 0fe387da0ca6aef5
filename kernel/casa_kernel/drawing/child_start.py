"""Prepare CASA in processes that a notebook starts: with ``subprocess``, ``multiprocessing`` by spawn, or ``!``.

CASA itself would start its tools there with FUSE and a display, and if there is none, wait for a minute or for ever.
Such processes find ``sitehooks`` through PYTHONPATH. It has CASA's modules changed when they are imported
(``drawing.child_process``); until then it costs them a millisecond. This module imports nothing slow.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Iterator, MutableMapping

from casa_desktop import names
from casa_desktop.system import mpi_variables

from ..casa import import_hook

_PATH = "PYTHONPATH"
# sitehooks compares this with its own Python, before it looks for any module of ours.
_HOOKS = Path(__file__).parents[1] / "sitehooks"

# The modules and interactive tasks that ``drawing.child_process`` changes.
_INTERACTIVE = ("tclean", "deconvolve", "sdintimaging", "simanalyze", "flagdata")
MODULES = (
    "casaviewer",
    "casaviewer.private.task_imview",
    "casaviewer.private.task_msview",
    "casaviewer.private.viewertool",
    "casaplotms.private.plotmstool",
    "casaplotms.private.task_plotms",
    "casalogger",
    "casatablebrowser",
    "casafeather",
    *(f"casatasks.private.task_{name}" for name in _INTERACTIVE),
)


def announce(environ: MutableMapping[str, str]) -> None:
    """Make the Pythons that this process starts load our hooks; called by the kernel after ``casa.imports.prepare``."""
    environ[names.KERNEL_PYTHON] = f"{sys.version_info[0]}.{sys.version_info[1]} {sys.prefix}"
    environ[_PATH] = os.pathsep.join([str(_HOOKS), *filter(None, [environ.get(_PATH)])])


def adopt() -> None:
    """Change CASA's modules in this process, when they are imported. Called by ``sitehooks``.

    It is no rank, even if the kernel is one.
    """
    mpi_variables.scrub(os.environ)
    for name in MODULES:
        import_hook.after(name, partial(_change, name))
    import_hook.before("casaviewer", _share_messages)


def _change(name: str, module: ModuleType) -> None:
    with _findable():
        from . import child_process

        child_process.change(name, module)


def _share_messages() -> None:
    with _findable():
        from ..casa import grpc_messages

        grpc_messages.share("casaviewer", "img_pb2")


@contextmanager
def _findable() -> Iterator[None]:
    """Make our packages importable within a with block, also where a kernel finds them only through PYTHONPATH."""
    root = str(_HOOKS.parents[1])
    sys.path.append(root)
    try:
        yield
    finally:
        sys.path.remove(root)
