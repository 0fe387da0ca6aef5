"""CASA's tool for images, for our programs that need nothing else of CASA. This module imports nothing slow."""

from __future__ import annotations

from typing import Any


def image_tool() -> Any:
    """Import casatools, which takes a second, and return its class ``image``.

    Raises:
        ImportError, RuntimeError: it cannot be imported.
    """
    from casatools import image

    return image
