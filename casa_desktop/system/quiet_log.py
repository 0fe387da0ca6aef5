"""Lets an object of Jupyter's say less, without changing what the rest of the process says."""

from __future__ import annotations

import logging
from typing import Any


def quieter(log: Any, level: str) -> logging.Logger:
    """Return a logger that passes to ``log``, a logger or an adapter of one, only what has at least ``level``.

    An object of Jupyter's that is made without a log has that of the running application: in a Jupyter server the
    server's own, whose level must stay as the administrator has set it.
    """
    logger: logging.Logger = getattr(log, "logger", log)
    own = logger.getChild(f"casa_desktop.{level.lower()}")
    own.setLevel(level)
    return own
