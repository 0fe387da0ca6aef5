"""CASA in the processes that a notebook starts: with ``subprocess``, with ``multiprocessing`` by spawn, behind ``!``.

Stock CASA would start its tools there with FUSE and a display, and wait for a minute, or for ever, where there is
none. Such processes find ``sitehooks`` by PYTHONPATH; it has CASA's modules changed as they are imported
(``childcasa``), which until then costs them a millisecond. This module imports nothing that takes long.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Iterator, MutableMapping

from . import imports

_PATH = "PYTHONPATH"
# What sitehooks compares with, before it looks for any module of ours.
VARIABLE = "CASA_DESKTOP_KERNEL_PYTHON"
_HOOKS = Path(__file__).with_name("sitehooks")

# Those that ``childcasa`` changes.
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
    """Have the Pythons that this process starts look for us; called by the kernel, which ``prepare`` has prepared."""
    environ[VARIABLE] = f"{sys.version_info[0]}.{sys.version_info[1]} {sys.prefix}"
    environ[_PATH] = os.pathsep.join([str(_HOOKS), *filter(None, [environ.get(_PATH)])])


def adopt() -> None:
    """Change CASA's modules in this process, as they are imported. Called by ``sitehooks``."""
    for name in MODULES:
        imports.after(name, partial(_change, name))
    imports.before("casaviewer", _share_messages)


def _change(name: str, module: ModuleType) -> None:
    with _findable():
        from . import childcasa

        childcasa.change(name, module)


def _share_messages() -> None:
    with _findable():
        from . import casa

        casa.share_messages("casaviewer", "img_pb2")


@contextmanager
def _findable() -> Iterator[None]:
    """Have our packages found within a with block, also where a kernel finds them by PYTHONPATH alone."""
    root = str(_HOOKS.parents[1])
    sys.path.append(root)
    try:
        yield
    finally:
        sys.path.remove(root)
