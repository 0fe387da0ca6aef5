"""What a scientist has at hand, as CASA's tasks take it: numbers of numpy, paths of pathlib, tuples, arrays.

CASA's own check of types refuses a ``pathlib.Path``, a tuple where any value is allowed, and half of numpy's types, and
some tasks compare types literally (``type(zoom) == int``). Nothing of numpy's is imported here: its values bring it.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, Mapping, Sequence, Tuple

# Longer arrays are data, and no list of a task's settings.
_LONGEST = 10000
_SCALARS = (bool, int, float, complex, str)


def arguments(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Tuple[Tuple[Any, ...], Dict[str, Any]]:
    """Return the arguments of a call in Python's own types."""
    return tuple(map(value, args)), {name: value(each) for name, each in kwargs.items()}


def value(given: Any, deep: bool = False) -> Any:
    """Return one argument in Python's own types; what has no counterpart there is returned as it is.

    Args:
        given: the argument.
        deep: in dictionaries, too. Those of most tasks are results of others, which hold arrays on purpose.
    """
    if isinstance(given, str):
        # numpy.str_, and what IPython's "!ls" gives.
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
    # A subclass says more than its numbers: a mask, or a unit.
    if isinstance(given, numpy.generic) or (type(given) is numpy.ndarray and given.ndim == 0):
        scalar = float(given) if isinstance(given, numpy.longdouble) else given.item()
        return scalar if isinstance(scalar, _SCALARS) else given
    if type(given) is numpy.ndarray and given.ndim == 1 and given.size <= _LONGEST:
        return [_of_numpy(each, numpy) for each in given]
    return given
