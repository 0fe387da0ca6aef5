"""A task's inputs as a table for the notebook, and as text for other front ends."""

from __future__ import annotations

import html
from typing import Any, Dict, List, Sequence

from .inputs import SET, WRONG, Inputs, Parameter

# Readable on white and on black.
_COLOURS = {SET: "#1e88e5", WRONG: "#e53935"}
# The longest value that is shown, in characters: a list of a thousand channels would hide the other parameters.
_LONGEST = 400
_CELL = "text-align:left;vertical-align:top;padding:1px 8px"
_CODE = f"{_CELL};font-family:monospace;white-space:pre-wrap"


def bundle(inputs: Inputs, rows: Sequence[Parameter]) -> Dict[str, str]:
    """Return the MIME bundle that shows the rows of a task."""
    return {"text/plain": _text(inputs, rows), "text/html": _table(inputs, rows)}


def _notation(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"


def _text(inputs: Inputs, rows: Sequence[Parameter]) -> str:
    lines = [f"# {inputs.name} -- {inputs.title}"]
    width = max((len(row.name) for row in rows), default=0) + 3
    for row in rows:
        name = ("   " if row.depends else "") + row.name
        said = f"WRONG: {row.reason}" if row.state == WRONG else row.description
        lines.append(f"{name:<{width}} = {_notation(row.value):<23} # {said}".rstrip(" #"))
    return "\n".join(lines)


def _table(inputs: Inputs, rows: Sequence[Parameter]) -> str:
    title = f"<b>{html.escape(inputs.name)}</b> {html.escape(inputs.title)}"
    body = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in rows)
    return (
        f'<div><div style="padding:2px 8px">{title}</div>'
        f'<table style="border-collapse:collapse;margin:0;font-size:inherit"><tbody>{body}</tbody></table></div>'
    )


def _cells(row: Parameter) -> List[str]:
    name = html.escape(row.name)
    indent = ";padding-left:28px" if row.depends else ""
    colour = f";color:{_COLOURS[row.state]}" if row.state in _COLOURS else ""
    weight = ";font-weight:bold" if row.state == WRONG else ""
    reason = f'<div style="color:{_COLOURS[WRONG]}">{html.escape(row.reason)}</div>' if row.reason else ""
    return [
        f'<td style="{_CODE}{indent}">{f"<b>{name}</b>" if row.heads else name}</td>',
        f'<td style="{_CODE}{colour}{weight}">{html.escape(_notation(row.value))}</td>',
        f'<td style="{_CELL}">{html.escape(row.description)}{reason}</td>',
    ]
