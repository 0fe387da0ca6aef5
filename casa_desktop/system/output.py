"""What programs print, for sentences about them."""

from __future__ import annotations

import re

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def last_words(said: bytes) -> str:
    """Return the last line of a program's output, preferably an error; empty if there is none."""
    # Apptainer colours its output, and other programs overwrite their lines with carriage returns.
    text = _COLOURS.sub("", said.decode(errors="replace")).replace("\r", "\n")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    wrong = [line for line in lines if line.lower().startswith(("error", "fatal"))]
    return "".join(each for each in (wrong or lines or [""])[-1] if each.isprintable())
