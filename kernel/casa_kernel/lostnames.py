"""Tell how to have a name of CASA's back, when an error comes of its having been deleted or taken for something else.

Nobody watches the notebook's variables for that: an error is looked at after it has come.
"""

from __future__ import annotations

import builtins
import re
import traceback
from types import TracebackType
from typing import Any, List, Mapping, Optional

# The magic that brings it back.
_BACK = "%casa_restore {name} brings it back."


def advice(
    error: Optional[BaseException],
    trace: Optional[TracebackType],
    namespace: Mapping[str, Any],
    given: Mapping[str, Any],
) -> str:
    """Return a sentence about the name that an error in the notebook's own code comes of; empty for any other error.

    Args:
        error: the error.
        trace: its traceback.
        namespace: the notebook's variables.
        given: what the kernel has put there, by name.
    """
    frames = list(traceback.walk_tb(trace))
    if not frames or frames[-1][0].f_globals is not namespace:
        return ""
    if isinstance(error, NameError):
        # Python 3.8 and 3.9 tell it in words only.
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
    """Return the names that a line of Python calls, as far as a line can tell."""
    return re.findall(r"(?<![\w.])(\w+)\s*\(", line)
