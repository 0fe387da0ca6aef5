"""Explain how to restore a name of CASA, when an error arises because it was deleted or assigned to.

The notebook's variables are not watched: the error is examined after it has occurred.
"""

from __future__ import annotations

import builtins
import re
import traceback
from types import TracebackType
from typing import Any, List, Mapping, Optional

# The magic that restores it.
_BACK = "%casa_restore {name} brings it back."


def advice(
    error: Optional[BaseException],
    trace: Optional[TracebackType],
    namespace: Mapping[str, Any],
    given: Mapping[str, Any],
) -> str:
    """Return a sentence about the name that caused an error in the notebook's own code; empty for any other error.

    Args:
        given: the names that the kernel has put there, with their values.
    """
    frames = list(traceback.walk_tb(trace))
    if not frames or frames[-1][0].f_globals is not namespace:
        return ""
    if isinstance(error, NameError):
        # In Python 3.8 and 3.9 the name is only in the message.
        found = re.search(r"name '(\w+)' is not defined", str(error))
        name = found[1] if found else ""
        if name in given and name not in namespace and not hasattr(builtins, name):
            return f"{name} is CASA's and has been deleted; {_BACK.format(name=name)}"
    if isinstance(error, TypeError) and "object is not callable" in str(error):
        line = traceback.extract_tb(trace)[-1].line or ""
        variables = {**namespace, **frames[-1][0].f_locals}
        for name in _called(line):
            if callable(given.get(name)) and not callable(variables.get(name)):
                kind = type(variables.get(name)).__name__
                return f"{name} was CASA's and is now a variable of yours ({kind}); {_BACK.format(name=name)}"
    return ""


def _called(line: str) -> List[str]:
    """Return the names that a line of Python calls, as far as the line alone shows."""
    return re.findall(r"(?<![\w.])(\w+)\s*\(", line)
