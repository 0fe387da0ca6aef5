"""The kernel's tasks under every name that CASA has for them.

``from casatasks import *``, ``import casaviewer``, a module on disk, a script, a thread: each gets what stands in the
attributes of CASA's modules. There these put one object for each task (``taskobject``) as soon as a module has been
executed, long before the kernel knows what the task is to do; a task that is called so early waits for CASA, as the
first cell does.

The modules of ``casatasks.private`` have got CASA's own objects by then, and a task that calls another gets CASA's own.
"""

from __future__ import annotations

import importlib
from functools import partial
from types import ModuleType
from typing import Any, Callable, Dict, Mapping, Tuple

from . import imports, taskobject
from .taskobject import Task, is_task

_TASKS = "casatasks"

# The wheels with a native tool, and the tasks that they bring. CASA 4 and 5 had viewer, the wheels have not.
WHEELS: Mapping[str, Tuple[str, ...]] = {
    "casaviewer": ("imview", "msview", "viewer"),
    "casaplotms": ("plotms",),
    "casalogger": ("casalogger",),
    "casatablebrowser": ("browsetable",),
    "casafeather": ("casafeather",),
}

# Where casashell's objects for tasks of other wheels are.
_OTHER_SHELL_TASKS = {"imview": "casaviewer.gotasks", "msview": "casaviewer.gotasks", "plotms": "casaplotms.gotasks"}


class CasaNames:
    """The objects of all tasks, by name.

    Attributes:
        prepare: waits for CASA and binds the tasks; called in whatever thread calls a task that is not bound yet.
    """

    def __init__(self) -> None:
        self.prepare: Callable[[], None] = lambda: None
        self._tasks: Dict[str, Task] = {}
        self._log: Any = None
        self._bound: Dict[str, Callable[..., Any]] = {}

    def watch(self) -> None:
        """Put the tasks into CASA's modules from now on, as they are imported."""
        imports.after(_TASKS, self._change_tasks)
        for wheel, names in WHEELS.items():
            imports.after(wheel, partial(self._change, names=names))
        for name, package in _OTHER_SHELL_TASKS.items():
            imports.after(f"{package}.{name}", partial(self._change_shell, name))
        # Its modules would import casatasks when it is too late to change them.
        imports.after("casashell", _import_tasks)

    def bind(self, name: str, call: Callable[..., Any]) -> Task:
        """Return the task ``name``, which does what ``call`` does from now on."""
        task = self._task(name, next((wheel for wheel, names in WHEELS.items() if name in names), _TASKS), None)
        self._bound[name] = call
        task.look_like(call)
        return task

    def _work(self, task: Task) -> Callable[..., Any]:
        if task.__name__ not in self._bound:
            self.prepare()
        call: Callable[..., Any] = self._bound.get(task.__name__, task.stock)
        return call

    def _task(self, name: str, module: str, stock: Any) -> Task:
        # Two threads that meet here get the same.
        return self._tasks.get(name) or self._tasks.setdefault(name, taskobject.make(name, module, stock, self._work))

    def _change_tasks(self, module: ModuleType) -> None:
        self._change(module, getattr(module, "__all__", ()))
        if hasattr(module, "casalog"):
            # It makes another when it is executed again, which would write into another file.
            self._log = self._log or module.casalog
            module.casalog = self._log  # type: ignore[attr-defined]

    def _change(self, package: ModuleType, names: Tuple[str, ...]) -> None:
        """Put tasks into a package, and into the modules where it has them from."""
        shell_tasks = package.__name__ == _TASKS
        for name in names:
            stock = getattr(package, name, None)
            if isinstance(stock, Task) or (shell_tasks and not is_task(stock)):
                continue
            setattr(package, name, self._task(name, package.__name__, stock))
            home = getattr(stock, "__module__", package.__name__)
            if home != package.__name__:
                imports.after(home, partial(self._replace, name))
            if shell_tasks:
                imports.after(f"casashell.private.{name}", partial(self._change_shell, name))

    def _replace(self, name: str, module: ModuleType) -> None:
        """Put a task into the module that defines it, when that is executed again too."""
        stock, task = getattr(module, name, None), self._tasks[name]
        if stock is not None and stock is not task:
            task.stock = stock
            setattr(module, name, task)

    def _change_shell(self, name: str, module: ModuleType) -> None:
        """Put a task into the module that has casashell's object for it."""
        shell, task = getattr(module, name, None), self._tasks.get(name)
        if task is not None and shell is not None and shell is not task:
            task.shell = shell
            setattr(module, name, task)


def _import_tasks(_module: ModuleType) -> None:
    importlib.import_module(_TASKS)
