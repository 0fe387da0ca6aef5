"""The object that replaces a task of CASA under every name: in the notebook and in CASA's own modules.

There is one object for each task. It is made when CASA's module is imported, so that all code gets the same one, and
gets its function later (``casa.task_names``).
"""

from __future__ import annotations

import inspect
import sys
from types import FrameType
from typing import Any, Callable, Dict, Optional, Tuple

Call = Callable[..., Any]

_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)


class Task:
    """A task of CASA, for the notebook. Made by ``make``, as the only instance of a class of its own.

    It is not a function: like CASA's own objects, it does not become a method if a class has it as an attribute.

    Attributes:
        stock: CASA's own object of this name, unchanged; None where CASA has none.
        shell: casashell's object of this name, which also knows sub-parameters; None before it has been imported.
    """

    def __init__(self, name: str, module: str, stock: Any, work: Callable[[Task], Call]) -> None:
        # No docstring: "tclean?" would show it.
        self.__name__ = self.__qualname__ = name
        self.__module__ = module
        self.stock = stock
        self.shell: Any = None
        self._work = work
        if stock is not None:
            self.__wrapped__ = stock

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(args, kwargs)

    def _call(self, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        # Tracebacks show only the user's code and CASA's.
        __tracebackhide__ = True
        if self.stock is not None and _called_by_a_task(sys._getframe(1)):
            return self.stock(*args, **kwargs)
        return self._work(self)(*args, **kwargs)

    def __reduce__(self) -> str:
        # Copy and pickle by name, like functions.
        return self.__name__

    def __repr__(self) -> str:
        return f"<CASA task {self.__name__}>"


def make(name: str, module: str, stock: Any, work: Callable[[Task], Call]) -> Task:
    """Return a new object for a task.

    Args:
        name: the name of the task.
        module: the module that has it under that name, if ``stock`` has no module.
        stock: CASA's own object or function, or None.
        work: returns the function to call when the task is called.
    """
    # Inherit from the class of CASA's object, for its attributes.
    own = () if stock is None or inspect.isroutine(stock) else (type(stock),)
    home = getattr(stock, "__module__", module)
    members: Dict[str, Any] = {"__doc__": stock.__doc__ if stock is not None else None, "__module__": home}
    made: Task = type(f"_{name}", (Task, *own), members)(name, home, stock, work)
    return made


def look_like(task: Task, call: Call) -> None:
    """Give a task the signature, documentation and source of ``call``, which does the work."""
    own: Any = type(task)
    signature = inspect.signature(call)
    # help() shows the class of an object that is not a function, with the signature of its constructor. Only ``make``
    # calls that one; users ask for the task's.
    own.__doc__, own.__signature__ = call.__doc__, signature
    task.__wrapped__ = getattr(call, "__wrapped__", call)

    def __call__(self: Task, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
        __tracebackhide__ = True
        return self._call(args, kwargs)

    # IPython and pydoc read the parameters from the class. CASA searches the stack for a variable "self" in any
    # function called "__call__" (casaxmlutil).
    __call__.__signature__ = signature.replace(parameters=[_SELF, *signature.parameters.values()])  # type: ignore[attr-defined]
    # From Python 3.13 on, help() says where a method comes from that is not its class's own by its name.
    __call__.__module__, __call__.__qualname__ = own.__module__, f"{own.__qualname__}.__call__"
    own.__call__ = __call__


def stock_of(value: Any) -> Any:
    """Return CASA's own object for a task; return any other value unchanged."""
    return value.stock if isinstance(value, Task) else value


def is_task(value: Any) -> bool:
    """Return whether an object of ``casatasks`` is a task."""
    return callable(value) and not isinstance(value, type) and hasattr(value, "_info_group_")


def _called_by_a_task(frame: Optional[FrameType]) -> bool:
    """Return whether a call comes out of another task, which expects CASA's own tasks."""
    while frame is not None:
        if frame.f_code is Task._call.__code__:
            return True
        frame = frame.f_back
    return False
