"""Put the kernel's tasks under every name that CASA has for them.

``from casatasks import *``, ``import casaviewer``, a module on disk, a script, a thread: each reads the attributes of
CASA's modules. As soon as such a module has been executed, this module replaces each task there by one object
(``casa.task_object``), long before the kernel has prepared the task. A task that is called so early waits for CASA, as
the first cell does.

By then, the modules of ``casatasks.private`` have imported CASA's own objects, so a task that calls another one calls
CASA's own.
"""

from __future__ import annotations

import importlib
from functools import partial
from types import ModuleType
from typing import Any, Callable, Dict, Mapping, Tuple

from . import import_hook, task_object
from .task_object import Task, is_task

_TASKS = "casatasks"

# The wheels with a native tool, and their tasks. The wheels lack viewer, a task of CASA 4 and 5.
WHEELS: Mapping[str, Tuple[str, ...]] = {
    "casaviewer": ("imview", "msview", "viewer"),
    "casaplotms": ("plotms",),
    "casalogger": ("casalogger",),
    "casatablebrowser": ("browsetable",),
    "casafeather": ("casafeather",),
}

# The packages of casashell's objects for tasks of other wheels.
_OTHER_SHELL_TASKS = {"imview": "casaviewer.gotasks", "msview": "casaviewer.gotasks", "plotms": "casaplotms.gotasks"}


class CasaNames:
    """The objects of all tasks, by name.

    Attributes:
        prepare: waits for CASA and binds the tasks; called in any thread that calls a task which is not bound yet.
    """

    def __init__(self) -> None:
        self.prepare: Callable[[], None] = lambda: None
        self._tasks: Dict[str, Task] = {}
        self._log: Any = None
        self._bound: Dict[str, Callable[..., Any]] = {}

    def watch(self) -> None:
        """From now on, put the tasks into CASA's modules when these are imported."""
        import_hook.after(_TASKS, self._change_tasks)
        for wheel, names in WHEELS.items():
            import_hook.after(wheel, partial(self._change, names=names))
        for name, package in _OTHER_SHELL_TASKS.items():
            import_hook.after(f"{package}.{name}", partial(self._change_shell, name))
        # casashell's modules would import casatasks too late to change it.
        import_hook.after("casashell", _import_tasks)

    def bind(self, name: str, call: Callable[..., Any]) -> Task:
        """Return the task ``name``, and make it call ``call`` from now on."""
        task = self._task(name, next((wheel for wheel, names in WHEELS.items() if name in names), _TASKS), None)
        self._bound[name] = call
        task_object.look_like(task, call)
        return task

    def _work(self, task: Task) -> Callable[..., Any]:
        if task.__name__ not in self._bound:
            self.prepare()
        call: Callable[..., Any] = self._bound.get(task.__name__, task.stock)
        return call

    def _task(self, name: str, module: str, stock: Any) -> Task:
        # Two threads that run this at the same time get the same object.
        return self._tasks.get(name) or self._tasks.setdefault(name, task_object.make(name, module, stock, self._work))

    def _change_tasks(self, module: ModuleType) -> None:
        self._change(module, getattr(module, "__all__", ()))
        if hasattr(module, "casalog"):
            # When it is executed again, it makes another log object, which would write into another file.
            self._log = self._log or module.casalog
            module.casalog = self._log  # type: ignore[attr-defined]

    def _change(self, package: ModuleType, names: Tuple[str, ...]) -> None:
        """Replace tasks in a package, and in the modules that define them."""
        shell_tasks = package.__name__ == _TASKS
        for name in names:
            stock = getattr(package, name, None)
            if isinstance(stock, Task) or (shell_tasks and not is_task(stock)):
                continue
            setattr(package, name, self._task(name, package.__name__, stock))
            home = getattr(stock, "__module__", package.__name__)
            if home != package.__name__:
                import_hook.after(home, partial(self._replace, name))
            if shell_tasks:
                import_hook.after(f"casashell.private.{name}", partial(self._change_shell, name))

    def _replace(self, name: str, module: ModuleType) -> None:
        """Replace a task in the module that defines it, also when that is executed again."""
        stock, task = getattr(module, name, None), self._tasks[name]
        if stock is not None and stock is not task:
            task.stock = stock
            setattr(module, name, task)

    def _change_shell(self, name: str, module: ModuleType) -> None:
        """Replace casashell's object for a task in its module."""
        shell, task = getattr(module, name, None), self._tasks.get(name)
        if task is not None and shell is not None and shell is not task:
            task.shell = shell
            setattr(module, name, task)


def _import_tasks(_module: ModuleType) -> None:
    importlib.import_module(_TASKS)
