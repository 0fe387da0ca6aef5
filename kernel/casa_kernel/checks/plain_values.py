"""Convert common Python values to types that CASA's tasks accept: numpy's numbers and arrays, pathlib's paths, tuples.

CASA's own type check refuses a ``pathlib.Path``, a tuple where any value is allowed, and half of numpy's types; and
some tasks compare types exactly (``type(zoom) == int``). This module does not import numpy: a value of numpy implies
that it is imported.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, Mapping, Sequence, Tuple

# A longer array is data, not a list of a task's settings.
_LONGEST = 10000
_SCALARS = (bool, int, float, complex, str)


def arguments(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Tuple[Tuple[Any, ...], Dict[str, Any]]:
    """Return the arguments of a call in Python's own types."""
    return tuple(map(value, args)), {name: value(each) for name, each in kwargs.items()}


def value(given: Any, deep: bool = False) -> Any:
    """Return one argument in Python's own types; a value without a counterpart there is returned unchanged.

    Args:
        given: the argument.
        deep: also convert inside dictionaries. Those of most tasks are results of other tasks, and contain arrays on
            purpose.
    """
    if isinstance(given, str):
        # For instance numpy.str_, or the result of IPython's "!ls".
        return given if type(given) is str else str.__str__(given)
    if isinstance(given, (bytes, os.PathLike)):
        return os.fsdecode(given)
    if isinstance(given, (list, tuple, range)):
        return [value(each, deep) for each in given]
    if deep and isinstance(given, Mapping):
        return {value(name): value(each, deep) for name, each in given.items()}
    return _of_numpy(given, sys.modules.get("numpy"))


def _of_numpy(given: Any, numpy: Any) -> Any:
    if numpy is None:
        return given
    # A subclass has more than its numbers: a mask, or a unit.
    if isinstance(given, numpy.generic) or (type(given) is numpy.ndarray and given.ndim == 0):
        scalar = float(given) if isinstance(given, numpy.longdouble) else given.item()
        return scalar if isinstance(scalar, _SCALARS) else given
    if type(given) is numpy.ndarray and given.ndim == 1 and given.size <= _LONGEST:
        return [_of_numpy(each, numpy) for each in given]
    return given
