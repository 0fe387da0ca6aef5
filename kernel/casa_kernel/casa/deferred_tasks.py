"""Import the code of a task when it is first used, instead of the code of all tasks when ``casatasks`` is imported.

``casatasks.tclean`` takes its function from ``casatasks.private.task_tclean``, and so on for each task. Together, these
modules import scipy, matplotlib and more, which takes longer than the rest of a kernel's start, while most notebooks
call a few tasks. Here, each of these modules is a placeholder at first. It gives ``casatasks`` an object in the place
of the task's function, and is executed when that is called, or when one of its names is used. It stays the same object.

A file in the working folder that has the name of a library does not disturb this, as it would not if all were imported
at the start.
"""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from functools import partial
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any, Callable, Dict, Iterator, List, Optional

from casa_desktop.system import signals

from ..checks import working_folder
from ..errors import ToolUnusable
from . import compatibility, import_hook

_PREFIX = "casatasks.private.task_"
# Wrappers of all tasks call functions of this one; it imports next to nothing.
_EAGER = {f"{_PREFIX}logging"}
# What the code of tasks imports, and what that needs in turn (casatasks 6.4 to 6.7.5): the notebook gets the installed
# ones, too, whichever of the two is first.
_LIBRARIES = {
    *("scipy", "matplotlib", "mpl_toolkits", "erfa", "PIL", "cycler", "kiwisolver", "contourpy", "pyparsing"),
    *("dateutil", "packaging", "pkg_resources", "certifi"),
}


def watch() -> None:
    """From now on, import the code of tasks when it is used. Call it before ``casatasks`` is imported."""
    finder = _Finder()
    # Behind the finders of modules that are built into Python.
    sys.meta_path.insert(sys.meta_path.index(PathFinder), finder)
    import_hook.after("casatasks", finder.stop)


class _Finder:
    """Finds the modules of tasks, and libraries outside of the working folder. Called by Python's import."""

    def __init__(self) -> None:
        self._defers = True

    def find_spec(self, name: str, path: Any = None, target: Optional[ModuleType] = None) -> Optional[ModuleSpec]:
        """Return the specification of a placeholder, or of a library; None for all others."""
        if path is None:
            return _installed(name, target) if name in _LIBRARIES or _LOADING.here else None
        if not self._defers or not name.startswith(_PREFIX) or name in _EAGER:
            return None
        spec = PathFinder.find_spec(name, path, target)
        return spec_from_loader(name, _Loader(spec), origin=spec.origin) if spec is not None and spec.loader else None

    def stop(self, _casatasks: ModuleType) -> None:
        """Give all others the modules themselves, and their functions: ``casatasks`` has what it needs."""
        self._defers = False
        for code in list(_WAITING.values()):
            code.hide_function()


def _installed(name: str, target: Optional[ModuleType]) -> Optional[ModuleSpec]:
    return PathFinder.find_spec(name, working_folder.others(sys.path), target)


class _Loader(Loader):
    """Makes a placeholder. Called by Python's import."""

    def __init__(self, spec: ModuleSpec) -> None:
        self._spec = spec

    def create_module(self, spec: ModuleSpec) -> _Placeholder:
        return _Placeholder(self._spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Give the placeholder the specification of the module, and what stands for the function."""
        module.__spec__, module.__loader__ = self._spec, self._spec.loader
        module.__file__ = self._spec.origin
        task = module.__name__[len(_PREFIX) :]
        vars(module)[task] = _Function(module, task)
        _WAITING[module.__name__] = _Code(module, task)


class _Placeholder(ModuleType):
    """A module that is executed when a name is read or set that every module does not have."""

    def __getattr__(self, name: str) -> Any:
        # Python's import itself asks for __path__.
        if not (name.startswith("__") and name.endswith("__")) and _execute(self):
            return getattr(self, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name.startswith("__") and name.endswith("__")):
            _execute(self)
        ModuleType.__setattr__(self, name, value)

    def __dir__(self) -> List[str]:
        _execute(self)
        return sorted(vars(self))


class _Code:
    """The code of a module that has not been executed."""

    def __init__(self, module: ModuleType, task: str) -> None:
        self._module, self._task = module, task
        # The code may use its own module while it is executed.
        self._guard = threading.RLock()
        self._begun = False

    def hide_function(self) -> None:
        """Have the function read from the executed module from now on."""
        vars(self._module).pop(self._task, None)

    def execute(self) -> bool:
        """Execute the module, or wait for another thread that does; return False if this thread is just doing it."""
        with _later_interrupts(), self._guard:
            if self._begun:
                return self._module.__name__ not in _WAITING
            self._begun, names = True, dict(vars(self._module))
            try:
                # Many make tools of CASA's.
                with _LOADING, working_folder.Outside():
                    self._module.__spec__.loader.exec_module(self._module)  # type: ignore[union-attr]
            except BaseException as error:
                # The next use tries again.
                self._begun = False
                vars(self._module).clear()
                vars(self._module).update(names)
                if isinstance(error, (OSError, MemoryError)) or not isinstance(error, (Exception, SystemExit)):
                    raise
                raise ToolUnusable(self._task, compatibility.explain(error)) from error
            self._module.__class__ = ModuleType
            del _WAITING[self._module.__name__]
            return True


class _Loading(threading.local):
    """Whether this thread executes the code of a task."""

    here = 0

    def __enter__(self) -> None:
        self.here += 1

    def __exit__(self, *_: object) -> None:
        self.here -= 1


_WAITING: Dict[str, _Code] = {}
_LOADING = _Loading()


def _execute(module: ModuleType) -> bool:
    code = _WAITING.get(module.__name__)
    return code.execute() if code is not None else type(module) is ModuleType


class _Function:
    """Stands for the function of a task in the module ``casatasks`` has for it."""

    def __init__(self, module: ModuleType, task: str) -> None:
        self._module = module
        self.__name__ = self.__qualname__ = task
        # CASA looks for callers by their modules and names, which are not ours (casaxmlutil).
        self.__module__ = module.__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        return self.__wrapped__(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name != "__wrapped__":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        _execute(self._module)
        self.__wrapped__ = vars(self._module)[self.__name__]
        return self.__wrapped__


@contextmanager
def _later_interrupts() -> Iterator[None]:
    """Let an interrupt wait until the block has ended: some libraries cannot be imported again after a part of them."""
    came: List[Callable[[], object]] = []

    def hold(former: signals.Handler) -> signals.Handler:
        return lambda number, frame: came.append(partial(former, number, frame))

    try:
        with signals.replaced(signal.SIGINT, hold):
            yield
    finally:
        if came:
            came[0]()
