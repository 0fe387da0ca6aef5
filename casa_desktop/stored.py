"""Small files of JSON that other processes read: written whole, and read as what they should be or not at all."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Optional, Type, TypeVar, Union, get_type_hints

from .errors import Shortage

T = TypeVar("T")


def parsed(text: Union[str, bytes]) -> Any:
    """Return what a text in JSON says.

    Raises:
        ValueError: it is none, or is nested too deeply to be of anybody's who means well.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def write(path: Path, value: Any) -> None:
    """Write a dataclass's fields so that a reader sees all of them or nothing; only the user may read the file.

    Raises:
        OSError: the folder is not there, or, as a Shortage, there is no room; the file is as it was then.
    """
    write_text(path, json.dumps(asdict(value), indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a small file as ``write`` does."""
    partial = path.with_suffix(".part")
    try:
        partial.touch(mode=0o600)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise Shortage.of(error, path) or error from error


def read(path: Path, kind: Type[T]) -> Optional[T]:
    """Return what ``path`` holds as the dataclass ``kind``; None where there is no file, or one that makes no sense.

    Fields are strings, numbers and the like, and a value of another type makes no sense. A field that is not known is
    a later version's, and left out: the writer may live in a container with that version in it.

    Raises:
        Shortage: the file cannot be read now. Whoever took it for absent would take a living desktop for dead.
    """
    kinds = get_type_hints(kind)
    try:
        told = parsed(path.read_text(encoding="utf-8")).items()
        found = kind(**{name: value for name, value in told if name in kinds})
    except OSError as error:
        shortage = Shortage.of(error)
        if shortage is not None:
            raise shortage from error
        return None
    except (ValueError, TypeError, AttributeError):
        return None
    return found if all(_is(getattr(found, name), kinds[name]) for name in kinds) else None


def _is(value: Any, kind: Any) -> bool:
    # JSON knows one kind of number, and to Python True is one.
    numbers = (int, float) if kind is float else kind
    return isinstance(value, numbers) and (kind is bool or not isinstance(value, bool))
