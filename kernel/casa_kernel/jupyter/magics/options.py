"""Read the line of a magic that has options."""

# IPython's parser for a magic's arguments has no types.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import argparse
from typing import Any

from IPython.core.magic_arguments import parse_argstring

from ...errors import BadParameter


def given(magic: Any, line: str) -> argparse.Namespace:
    """Return the arguments in a line; words in quotes keep their quotes (``unquoted``).

    Args:
        magic: the method, which ``magic_arguments`` has decorated.
        line: what the user typed behind the magic's name.

    Raises:
        BadParameter: a quotation mark is missing.
        UsageError: IPython's, for options that the magic does not have.
    """
    try:
        return parse_argstring(magic, line)  # type: ignore[no-any-return]
    except ValueError as error:
        raise BadParameter(magic.__name__, f"in {line!r} a quotation mark is missing.") from error


def unquoted(word: str) -> str:
    """Return a word without the quotes around it."""
    return word[1:-1] if word[:1] in ("'", '"') and len(word) > 1 else word
