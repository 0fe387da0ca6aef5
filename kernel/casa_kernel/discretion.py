"""What CASA's log says of a call: the user's arguments, and not the files that the kernel adds to them."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any


def without_private(said: str, private: str) -> str:
    """Return a message without paths in the kernel's own folder.

    Args:
        said: the message. In a call, a parameter that names such a path, also in a dictionary, is empty again:
            that is its default in all tasks that draw.
        private: the folder.
    """
    if private not in said:
        return said
    inside = rf"'{re.escape(private)}/[^']*'"
    calls = re.sub(rf"(\w+)=(?:{inside}|\{{[^{{}}]*{inside}[^{{}}]*\}})", r"\1=''", said)
    return re.sub(rf"{re.escape(private)}/[^\s'\"]*", "the cell", calls)


def install(casalog: Any, private: Path) -> None:
    """Have what Python posts to CASA's log be without the kernel's own paths.

    Args:
        casalog: CASA's log.
        private: the kernel's folder.
    """
    tool = type(casalog)
    original = tool.post

    @functools.wraps(original)
    def post(self: Any, message: Any, *args: Any, **kwargs: Any) -> Any:
        said = without_private(message, str(private)) if isinstance(message, str) else message
        return original(self, said, *args, **kwargs)

    tool.post = post
