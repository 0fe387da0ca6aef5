"""Calls as Python."""

from __future__ import annotations

import textwrap
from typing import Any, Dict, List, Mapping, Optional

from .defaults import Defaults, is_default
from .models import Call, Unknown

_WIDTH = 120
# Written where a value is not known: valid Python, that no task takes.
UNKNOWN = "..."


def given(call: Call, defaults: Defaults, whole: bool = False) -> Dict[str, Any]:
    """Return the arguments of a call that differ from the defaults, or all.

    All are returned, too, where the defaults of the release of CASA that made the call are not known.

    Args:
        call: the call.
        defaults: of the CASA that is here.
        whole: return all.
    """
    known: Optional[Mapping[str, Any]] = defaults.of(call.task)
    if whole or known is None or not defaults_fit(call, defaults):
        return dict(call.arguments)
    return {
        name: value
        for name, value in call.arguments.items()
        if name not in known or not is_default(plain(value), known[name])
    }


def defaults_fit(call: Call, defaults: Defaults) -> bool:
    """Return whether the defaults that are known are those of the release that made a call."""
    return bool(defaults.version) and call.casa == defaults.version and defaults.of(call.task) is not None


def plain(value: Any) -> Any:
    """Return a value without numpy's types, where Python has the same."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return type(value)(plain(each) for each in value)
    if isinstance(value, dict):
        return {plain(name): plain(each) for name, each in value.items()}
    return value


def of(task: str, arguments: Mapping[str, Any], indent: str = "") -> str:
    """Return a call as Python, in lines of at most 120 characters where that can be."""
    words = [f"{name}={text(value)}" for name, value in arguments.items()]
    line = f"{indent}{task}({', '.join(words)})"
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    lines: List[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(word) + 2 <= _WIDTH - len(indent) - 4:
            lines[-1] += f" {word},"
        else:
            lines.append(f"{word},")
    return f"{indent}{task}(\n{textwrap.indent(chr(10).join(lines), indent + '    ')}\n{indent})"


def text(value: Any) -> str:
    """Return a value as Python; what cannot be written so, or is not known, as ``...``."""
    if isinstance(value, Unknown):
        return UNKNOWN
    value = plain(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f"float({str(value)!r})"
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(text, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{text(name)}: {text(each)}' for name, each in value.items())}}}"
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return repr(value)
    return UNKNOWN
