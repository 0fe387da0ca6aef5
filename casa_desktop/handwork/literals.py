"""Values as Python writes them, for scripts."""

from __future__ import annotations

import math
import sys
from typing import Any, List

_WIDTH = 110


def literal(value: Any) -> str:
    """Return the Python expression for a task's argument; arrays of numpy become lists.

    Raises:
        ValueError: there is none.
    """
    return ascii(_plain(value))


def _plain(value: Any) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {_plain(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"Python has no expression for {value}")
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return value
    raise ValueError(f"Python has no expression for a {type(value).__name__}")


def wrapped(items: List[str], opening: str, closing: str) -> str:
    """Return expressions in brackets, as many on each line as it holds."""
    lines = [""]
    for item in items:
        if lines[-1] and len(lines[-1]) + len(item) > _WIDTH:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else '    '}{item},"
    return "\n".join([opening, *lines, closing]) if items else opening + closing
