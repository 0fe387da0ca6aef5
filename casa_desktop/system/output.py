"""What programs print, for sentences about them."""

from __future__ import annotations

import re
from typing import List

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def last_line(output: bytes) -> str:
    """Return the last line of a program's output; empty if there is none."""
    return _lines(output)[-1]


def last_words(output: bytes) -> str:
    """Return the last line of a program's output that begins as an error does, or else its last line.

    For programs that go on printing after they have named the reason: pip, and container engines.
    """
    lines = _lines(output)
    errors = [line for line in lines if line.lower().startswith(("error", "fatal"))]
    return (errors or lines)[-1]


def _lines(output: bytes) -> List[str]:
    """Return the lines that are not blank, without what only a terminal understands; an empty one if there is none."""
    # Apptainer colours its output, and other programs overwrite their lines with carriage returns.
    text = _COLOURS.sub("", output.decode(errors="replace")).replace("\r", "\n")
    lines = ["".join(filter(str.isprintable, line)).strip() for line in text.splitlines()]
    return [*filter(None, lines)] or [""]
