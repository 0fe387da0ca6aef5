"""The reason why a desktop ended without being stopped, in ``<root>/.<name>.ended`` until it is started or stopped.

The file is written to the root for new desktops, and searched in all roots, because a root may have been removed since.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional

from ..errors import RuntimeDirectoryError
from ..system import files, locks
from .directory import checked_name, roots, runtime_root
from .location import configured_root

_ENDING = ".ended"


@dataclass(frozen=True)
class LastWords:
    """The reason why a desktop ended.

    Attributes:
        words: the reason, in a sentence.
        lost: the end was unintentional, so a view may start the desktop again without a question to the user.
    """

    words: str
    lost: bool = False


def write_last_words(name: str, words: str, *, lost: bool = False) -> None:
    """Write the reason for the end of the desktop ``name``, for processes that look for it later.

    If there is no space for the file, nothing is written and no error is raised.
    """
    with suppress(OSError, RuntimeDirectoryError):
        files.write(_file(runtime_root(make=False), name), LastWords(words, lost))


def write_removal(name: str, folder: Path) -> None:
    """Write that the folder of a running desktop was removed, to the root where the desktop is looked for next.

    The user, or the next view, may start it again: the program that removed the folder did not mean to end a desktop.

    Args:
        name: the desktop's name.
        folder: path of the removed folder.
    """
    root = configured_root()
    # Not if the folder above the root was removed as well: no process looks there any more.
    if root.parent.is_dir() and not locks.is_held(root / name):
        words = f"Its runtime directory {folder} was removed, as at a logout or when temporary files are cleaned up."
        with suppress(OSError, RuntimeDirectoryError):
            runtime_root()
            write_last_words(name, words, lost=True)


def read_last_words(name: str) -> Optional[LastWords]:
    """Return why the desktop ``name`` ended without being stopped; None if there is no such file."""
    reasons = (files.read(path, LastWords) for path in _paths(name))
    return next(filter(None, reasons), None)


def all_last_words() -> Dict[str, LastWords]:
    """Return the reasons of all desktops that ended without being stopped, by name."""
    paths = sorted(path for root in roots() for path in root.glob(f".*{_ENDING}"))
    reasons = {path.name[1 : -len(_ENDING)]: files.read(path, LastWords) for path in paths}
    return {name: words for name, words in reasons.items() if words is not None}


def forget_last_words(name: str) -> None:
    """Remove the file: the desktop has been started again, or the user has stopped it."""
    for path in _paths(name):
        with suppress(OSError):
            path.unlink()


def _paths(name: str) -> List[Path]:
    return [_file(root, name) for root in roots()]


def _file(root: Path, name: str) -> Path:
    # The name begins with a dot, because names of desktops do not.
    return root / f".{checked_name(name)}{_ENDING}"
