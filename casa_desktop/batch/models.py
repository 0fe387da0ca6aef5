"""What a run without hands is made of, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

# The kernel of the CASA that is installed beside this program.
KERNEL = "casa"


class Status(IntEnum):
    """The exit status of ``casa-desktop run``."""

    DONE = 0
    # A cell failed, or the output could not be saved.
    FAILED = 1
    # Nothing was started: what was asked for is impossible.
    USAGE = 2
    # Stopped by a signal, and everything until then is saved (EX_TEMPFAIL of sysexits.h).
    STOPPED = 75
    # The kernel has ended by itself; a shell says the same of a program that was killed for memory.
    LOST = 137


@dataclass(frozen=True)
class Plan:
    """A run that has been checked, and can start.

    Attributes:
        notebook: the notebook or script, an absolute path.
        output: the notebook to be written, an absolute path.
        parameters: values of the notebook's parameters, which JSON can hold.
        kernel: the name of a kernelspec.
        folder: the working folder, an absolute path.
        reuse: whether results of tasks that lie beside the data are used.
        allow_errors: whether the cells behind a failed one run.
        copy: the file to be read instead of the notebook; None for itself.
        spec: what kernel.json says of a kernel that is made for this run; empty for an installed one.
    """

    notebook: Path
    output: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)
    kernel: str = KERNEL
    folder: Path = Path()
    reuse: bool = True
    allow_errors: bool = False
    copy: Optional[Path] = None
    spec: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        cell: the number of the running cell among those with code, from 1; 0 before the first.
        cells: how many cells have code.
        doing: the cell's first line of code, or what else is being done.
        started: when the run began, in seconds since 1970.
        signal: the name of the signal by which the run is being stopped; empty if it is not.
    """

    cell: int
    cells: int
    doing: str
    started: float
    signal: str = ""


Report = Callable[[Progress], None]
Say = Callable[[str], None]
