"""Prepare and check the arguments of a call of a CASA task.

Clear values are converted, and a call that cannot succeed is refused beforehand.
"""

from __future__ import annotations

import ast
import inspect
import sys
from contextlib import suppress
from types import FunctionType
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from ..errors import BadParameter
from . import inputs

# Parameters for which True and False are valid besides numbers.
_NUMBERS_TOO = {("plotbandpass", "channeldiff")}


def prepared(
    task: str, signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Tuple[Tuple[Any, ...], Dict[str, Any]]:
    """Return the arguments of a call, with 1 and 0 replaced by True and False for parameters that are switches.

    Raises:
        BadParameter: the call needs MPI, which this process lacks.
    """
    try:
        bound = signature.bind_partial(*args, **kwargs)
    except TypeError:
        # CASA's own message is better: it names the mistake.
        return tuple(args), dict(kwargs)
    for name, given in bound.arguments.items():
        parameter = signature.parameters[name]
        is_switch = isinstance(parameter.default, bool) and (task, name) not in _NUMBERS_TOO
        if is_switch and type(given) is int and given in (0, 1):
            bound.arguments[name] = bool(given)
    _check_parallel(task, bound.arguments)
    return bound.args, bound.kwargs


def complete(signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """Return all parameters of a call, with defaults; None if the call does not fit the signature."""
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:
        return None
    bound.apply_defaults()
    return dict(bound.arguments)


def _check_parallel(task: str, given: Mapping[str, Any]) -> None:
    """Check that MPI is available if the call needs it; tclean of a cube works without, and logs that."""
    module = sys.modules.get("casampi.MPIEnvironment")
    enabled = module is not None and bool(module.MPIEnvironment.is_mpi_enabled)
    if given.get("parallel") is True and given.get("specmode", "mfs") == "mfs" and not enabled:
        raise BadParameter(
            task,
            "parallel=True needs several processes under MPI (a script that is run by mpicasa, or by mpirun with the "
            "package casampi), and this kernel is one. Leave parallel out.",
        )


def explain(error: AssertionError) -> None:
    """Replace the message of CASA's type check, a dictionary in Python's notation, by a sentence."""
    said = str(error)
    try:
        is_dictionary = isinstance(ast.literal_eval(said), dict)
    except (ValueError, SyntaxError):
        return
    if is_dictionary:
        error.args = (inputs.explain_schema(said),)


class _Accepted(Exception):
    """CASA accepts the arguments."""


def check_types(task: Any, given: Mapping[str, Any]) -> None:
    """Let a task of CASA check its arguments, without doing its work.

    Args:
        task: CASA's own task. Between its check and its work it logs its beginning (casatasks 6.4 to 6.7).

    Raises:
        AssertionError: the task refuses an argument.
        TypeError: it has no such parameter.
    """
    call = type(task).__call__
    if "_start_log" not in call.__globals__:
        return

    def stop(*_args: Any) -> None:
        raise _Accepted

    # A copy with its own globals: another thread may be calling the task.
    check = FunctionType(
        call.__code__, {**call.__globals__, "_start_log": stop}, call.__name__, call.__defaults__, call.__closure__
    )
    with suppress(_Accepted):
        check(task, **given)
