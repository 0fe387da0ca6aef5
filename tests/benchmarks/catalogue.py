"""The benchmarks by name, and those settings that a module leaves out."""

from __future__ import annotations

import importlib
import shutil
from types import ModuleType
from typing import Any, Dict, Iterable, Tuple

KERNEL = ("first_task", "imview", "plotms", "live", "overhead", "log_stream", "memory", "warm_tools")
DESKTOP = (
    *("desktop_start", "desktop_page", "desktop_latency", "desktop_motion", "desktop_busy"),
    *("desktop_reader", "desktop_idle", "desktop_many"),
)
REUSE = ("reuse_hit", "reuse_cloned", "reuse_copied", "reuse_miss", "reuse_start", "reuse_pipeline")
BATCH = ("run",)
RANKS = ("ranks_start",)
BENCHMARKS = KERNEL + DESKTOP + REUSE + BATCH + RANKS
# What is measured unless it is told; a kernel over MPI needs mpirun.
ALL = ("kernel", "desktop", "reuse", *BATCH, *(RANKS if shutil.which("mpirun") else ()))

_DEFAULTS: Dict[str, Any] = {"CASES": ("",), "ROUNDS": 5, "KEEPS": False, "NEEDS_TOOLS": False}


def load(name: str) -> ModuleType:
    """Return a benchmark's module, with all its settings."""
    module = importlib.import_module(f".{name}", __package__)
    for setting, value in _DEFAULTS.items():
        if not hasattr(module, setting):
            setattr(module, setting, value)
    for setting in ("QUICK", "TARGETED"):
        if not hasattr(module, setting):
            setattr(module, setting, module.CASES)
    return module


def heading(name: str) -> str:
    """Return the first line of what a benchmark says of itself."""
    return str(load(name).__doc__).partition("\n")[0].replace("`", "")


def headings(names: Iterable[str]) -> Dict[str, str]:
    """Return the headings of these benchmarks; a report may have one that is no more."""
    return {name: heading(name) for name in dict.fromkeys(names) if name in BENCHMARKS}


def group(name: str) -> Tuple[str, ...]:
    """Return the names that ``kernel``, ``desktop`` and ``reuse`` stand for, or the name itself."""
    return {"kernel": KERNEL, "desktop": DESKTOP, "reuse": REUSE}.get(name, (name,))
