"""Why a desktop has ended that nobody stopped: ``<root>/.<name>.ended``, until it is started or stopped.

It is written into the root for new desktops, and read from all, because a root may have been removed since.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional

from . import locks, stored
from .errors import RuntimeDirectoryError
from .roots import configured_root, is_private, others
from .runtime import checked_name, runtime_root

_ENDING = ".ended"


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
        stored.write(_file(runtime_root(make=False), name), LastWords(words, lost))


def write_removal(name: str, folder: Path) -> None:
    """Leave word that the folder of a running desktop was removed, where it is looked for next.

    Its user, or the next look, may have it back: what removed the folder meant no desktop.

    Args:
        name: the desktop's.
        folder: where it was.
    """
    root = configured_root()
    # Not where all above has gone as well: nobody looks there any more.
    if root.parent.is_dir() and not locks.is_held(root / name):
        words = f"Its runtime directory {folder} was removed, as at a logout or when temporary files are cleaned up."
        with suppress(OSError, RuntimeDirectoryError):
            runtime_root()
            write_last_words(name, words, lost=True)


def read_last_words(name: str) -> Optional[LastWords]:
    """Return why the desktop ``name`` ended by itself; None if it did not, or that was long ago."""
    found = (stored.read(path, LastWords) for path in _paths(name))
    return next(filter(None, found), None)


def all_last_words() -> Dict[str, LastWords]:
    """Return why desktops have ended that nobody stopped, by their names."""
    paths = sorted(path for root in _roots() for path in root.glob(f".*{_ENDING}"))
    found = {path.name[1 : -len(_ENDING)]: stored.read(path, LastWords) for path in paths}
    return {name: words for name, words in found.items() if words is not None}


def forget_last_words(name: str) -> None:
    """Remove them: the desktop has started anew, or the user wants it to be gone."""
    for path in _paths(name):
        with suppress(OSError):
            path.unlink()


def _roots() -> List[Path]:
    return [runtime_root(make=False), *filter(is_private, others())]


def _paths(name: str) -> List[Path]:
    return [_file(root, name) for root in _roots()]


def _file(root: Path, name: str) -> Path:
    # The name begins with a dot, so that nobody takes it for a desktop's folder.
    return root / f".{checked_name(name)}{_ENDING}"
