"""The names that a CASA session has: tasks, tools, instances of tools, and casashell's objects of tasks."""

from __future__ import annotations

import importlib
from contextlib import suppress
from types import ModuleType
from typing import Any, Dict

from .task_object import Task, stock_of

# The tool instances of a CASA session, and the classes of casatools to which they belong. Source:
# https://casadocs.readthedocs.io/en/stable/api/casatools.html
TOOL_INSTANCES = {
    "af": "agentflagger", "at": "atmosphere", "ca": "calanalysis", "cb": "calibrater", "cl": "componentlist",
    "cs": "coordsys", "fn": "functional", "ia": "image", "im": "imager", "imd": "imagemetadata",
    "lm": "linearmosaic", "me": "measures", "ms": "ms", "msmd": "msmetadata", "mt": "mstransformer",
    "po": "imagepol", "qa": "quanta", "rg": "regionmanager", "sbs": "sidebandseparator", "sdm": "sdm",
    "sdms": "singledishms", "sl": "spectralline", "sm": "simulator", "su": "synthesisutils", "tb": "table",
    "vf": "vlafiller", "vp": "vpmanager",
}  # fmt: skip


def names(casatools: ModuleType, casatasks: ModuleType) -> Dict[str, Any]:
    """Return CASA's own tasks, tools, instances of tools, ``casalog`` and ``ctsys``, by name."""
    modules = {"casatools": casatools, "casatasks": casatasks, "ctsys": casatools.ctsys, "casalog": casatasks.casalog}
    return {**_tools(casatools), **_tasks(casatasks), **modules}


def _tasks(casatasks: ModuleType) -> Dict[str, Any]:
    return {name: stock_of(getattr(casatasks, name)) for name in casatasks.__all__ if hasattr(casatasks, name)}


def _tools(casatools: ModuleType) -> Dict[str, Any]:
    classes = {
        name: value
        for name, value in vars(casatools).items()
        if isinstance(value, type) and value.__module__.startswith("casatools.")
    }
    tools: Dict[str, Any] = dict(classes)
    for short, name in TOOL_INSTANCES.items():
        if name in classes:
            tools[short + "tool"] = classes[name]
            tools[short] = classes[name]()
    return tools


def shell_task(name: str) -> Any:
    """Return casashell's object for the task ``name``, which knows its sub-parameters; None if there is none.

    These modules, unlike the rest of casashell, start nothing when they are imported (6.4.0 to 6.7.5).
    """
    for package in ("casashell.private", "casaplotms.gotasks", "casaviewer.gotasks"):
        with suppress(ImportError):
            task = getattr(importlib.import_module(f"{package}.{name}"), name)
            return task.shell if isinstance(task, Task) else task
    return None
