"""Errors as parts of sentences."""

from __future__ import annotations

from casa_desktop.errors import NotKept, NotPutBack


def said(error: Exception) -> str:
    """Return an error as part of a sentence."""
    return error.reason if isinstance(error, (NotKept, NotPutBack)) else str(error).rstrip(".")
