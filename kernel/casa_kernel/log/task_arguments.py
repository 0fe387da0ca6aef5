"""Remove the files that the kernel adds to a call from the messages that CASA's log has about it."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any


def without_private(said: str, private: str) -> str:
    """Return a message without paths in the kernel's own folder.

    Args:
        said: the message. In a call, a parameter whose value is such a path, or a dictionary with one, becomes empty:
            that is its default in all tasks that draw.
    """
    if private not in said:
        return said
    inside = rf"'{re.escape(private)}/[^']*'"
    calls = re.sub(rf"(\w+)=(?:{inside}|\{{[^{{}}]*{inside}[^{{}}]*\}})", r"\1=''", said)
    return re.sub(rf"{re.escape(private)}/[^\s'\"]*", "the cell", calls)


def install(casalog: Any, private: Path) -> None:
    """Remove the kernel's own paths from messages that Python posts to CASA's log.

    Args:
        casalog: CASA's log.
    """
    tool = type(casalog)
    original = tool.post

    @functools.wraps(original)
    def post(self: Any, message: Any, *args: Any, **kwargs: Any) -> Any:
        said = without_private(message, str(private)) if isinstance(message, str) else message
        return original(self, said, *args, **kwargs)

    tool.post = post
