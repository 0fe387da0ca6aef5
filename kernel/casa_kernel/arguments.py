"""The arguments of a call of CASA's tasks: what is clear is taken, what cannot go well is said beforehand."""

from __future__ import annotations

import ast
import inspect
import sys
from contextlib import suppress
from types import FunctionType
from typing import Any, Dict, Mapping, Sequence, Tuple

from . import checks
from .errors import BadParameter

# Parameters of which True and False are two values among numbers.
_NUMBERS_TOO = {("plotbandpass", "channeldiff")}


def prepared(
    task: str, signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Tuple[Tuple[Any, ...], Dict[str, Any]]:
    """Return the arguments of a call with True and False in place of 1 and 0, where a parameter is one or the other.

    Raises:
        BadParameter: the call needs what this process has not.
    """
    try:
        bound = signature.bind_partial(*args, **kwargs)
    except TypeError:
        # CASA says it better: it names what is wrong.
        return tuple(args), dict(kwargs)
    for name, given in bound.arguments.items():
        parameter = signature.parameters[name]
        is_switch = isinstance(parameter.default, bool) and (task, name) not in _NUMBERS_TOO
        if is_switch and type(given) is int and given in (0, 1):
            bound.arguments[name] = bool(given)
    _check_parallel(task, bound.arguments)
    return bound.args, bound.kwargs


def _check_parallel(task: str, given: Mapping[str, Any]) -> None:
    """Look whether MPI is there if the call needs it; tclean of a cube goes without, and says so in the log."""
    module = sys.modules.get("casampi.MPIEnvironment")
    enabled = module is not None and bool(module.MPIEnvironment.is_mpi_enabled)
    if given.get("parallel") is True and given.get("specmode", "mfs") == "mfs" and not enabled:
        raise BadParameter(
            task,
            "parallel=True needs several processes under MPI (a script that is run by mpicasa, or by mpirun with the "
            "package casampi), and this kernel is one. Leave parallel out.",
        )


def explain(error: AssertionError) -> None:
    """Let an error of CASA's check of types say a sentence, in place of a dictionary in Python's notation."""
    said = str(error)
    try:
        is_dictionary = isinstance(ast.literal_eval(said), dict)
    except (ValueError, SyntaxError):
        return
    if is_dictionary:
        error.args = (checks.explain_schema(said),)


class _Accepted(Exception):
    """CASA accepts the arguments."""


def check_types(task: Any, given: Mapping[str, Any]) -> None:
    """Have a task of CASA check its arguments, and do nothing else.

    Args:
        task: CASA's own. Between its check and its work it tells the log that it begins (casatasks 6.4 to 6.7).
        given: the arguments.

    Raises:
        AssertionError: it refuses one.
        TypeError: it has no such parameter.
    """
    call = type(task).__call__
    if "_start_log" not in call.__globals__:
        return

    def stop(*_args: Any) -> None:
        raise _Accepted

    # A copy with globals of its own: another thread may be calling the task.
    check = FunctionType(
        call.__code__, {**call.__globals__, "_start_log": stop}, call.__name__, call.__defaults__, call.__closure__
    )
    with suppress(_Accepted):
        check(task, **given)
