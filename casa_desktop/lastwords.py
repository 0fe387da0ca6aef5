"""Why a desktop has ended that nobody stopped: ``<root>/.<name>.ended``, until it is started or stopped."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from . import stored
from .errors import RuntimeDirectoryError
from .runtime import checked_name, runtime_root


@dataclass(frozen=True)
class LastWords:
    """What is left of a desktop.

    Attributes:
        words: why it ended, in a sentence.
        lost: nobody meant it to end, so who looks at it may have it back without asking.
    """

    words: str
    lost: bool = False


def write_last_words(name: str, words: str, *, lost: bool = False) -> None:
    """Leave a sentence for whoever looks for the desktop ``name`` after its end.

    Without room for it the desktop ends all the same, and in silence.
    """
    with suppress(OSError, RuntimeDirectoryError):
        stored.write(_path(name), LastWords(words, lost))


def read_last_words(name: str) -> Optional[LastWords]:
    """Return why the desktop ``name`` ended by itself; None if it did not, or that was long ago."""
    return stored.read(_path(name), LastWords)


def forget_last_words(name: str) -> None:
    """Remove them: the desktop has started anew, or the user wants it to be gone."""
    with suppress(OSError):
        _path(name).unlink()


def _path(name: str) -> Path:
    # The name begins with a dot, so that nobody takes it for a desktop's folder.
    return runtime_root(make=False) / f".{checked_name(name)}.ended"
