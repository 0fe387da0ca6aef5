"""CASA's log, as the cell shows it."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Dict

# Enough for some hundred lines.
_BYTES = 65536
_COLOURS = {"SEVERE": "#c62828", "WARN": "#b26a00"}


def tail(path: Path, lines: int = 60) -> str:
    """Return the last ``lines`` lines of the log at ``path``; nothing where there is no log."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _BYTES, 0))
        text = file.read().decode(errors="replace")
    return "\n".join(text.rstrip("\n").split("\n")[-lines:])


def bundle(path: Path, lines: int = 60) -> Dict[str, str]:
    """Return the MIME bundle that shows the end of the log."""
    text = tail(path, lines)
    rows = "\n".join(_row(line) for line in text.split("\n"))
    return {
        "text/plain": f"{path}\n{text}",
        "text/html": (
            f'<div><small>{html.escape(str(path))}</small><pre style="max-height:30em;overflow:auto">{rows}</pre></div>'
        ),
    }


def _row(line: str) -> str:
    # Time, severity, origin and message are separated by tabs.
    severity = line.split("\t")[1] if line.count("\t") > 1 else ""
    colour = _COLOURS.get(severity.strip())
    text = html.escape(line)
    return f'<span style="color:{colour}">{text}</span>' if colour else text
