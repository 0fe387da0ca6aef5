"""Give a wrapped task CASA's name, documentation and signature, with ``gui`` added."""

from __future__ import annotations

import functools
import inspect
from typing import Any, Callable, Dict, Mapping, Sequence

from ..checks import inputs as checks
from ..errors import ToolMissing, ToolUnusable
from .catalogue import Input

_GUI = inspect.Parameter("gui", inspect.Parameter.KEYWORD_ONLY, default=None)


def like(task: Any, call: Callable[..., Any], name: str, add_gui: bool = True) -> Callable[..., Any]:
    """Give ``call`` the name, documentation and signature of ``task``; CASA's tasks are instances of classes."""
    signature = inspect.signature(task)
    parameters = [each.replace(default=None) if each.name == "gui" else each for each in signature.parameters.values()]
    if add_gui and "gui" not in signature.parameters:
        parameters.append(_GUI)
    functools.update_wrapper(call, task, assigned=("__module__",), updated=())
    call.__name__ = call.__qualname__ = name
    call.__doc__ = task.__doc__ if inspect.isfunction(task) else type(task).__doc__
    call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return call


def missing(name: str, tool: str, faults: Mapping[str, str]) -> Callable[..., Any]:
    """Return a replacement for a task whose tool is missing; it raises an error when it is called.

    Args:
        faults: the reasons for tools that are installed but cannot be used.
    """
    fault = faults.get(tool)

    def call(*_args: Any, **_kwargs: Any) -> None:
        raise ToolMissing(tool, "in this kernel's Python") if fault is None else ToolUnusable(tool, fault)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"{name} needs {tool}, which {'is not installed' if fault is None else 'cannot be used'}."
    return call


def value_of(call: Callable[..., Any], given: Mapping[str, Any], parameter: str) -> Any:
    """Return the value of a parameter in a call: the given one, or the default in the signature of ``call``."""
    parameters: Dict[str, inspect.Parameter] = dict(inspect.signature(call).parameters)
    return given.get(parameter, parameters[parameter].default if parameter in parameters else None)


def check_inputs(name: str, inputs: Sequence[Input], given: Mapping[str, Any]) -> None:
    """Check the paths that a call names.

    Raises:
        BadParameter: one of them is not what the task reads.
    """
    for each in inputs:
        checks.check_path(name, each.parameter, given.get(each.parameter, ""), each.kinds)
