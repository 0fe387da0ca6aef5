"""Small JSON files that other processes read: written atomically, and checked against a dataclass when read."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Optional, Type, TypeVar, Union, get_type_hints

from ..errors import Shortage

T = TypeVar("T")


def parsed(text: Union[str, bytes]) -> Any:
    """Return the value of a text in JSON.

    Raises:
        ValueError: the text is not JSON, or is nested so deeply that it can only be an attack.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def write(path: Path, value: Any) -> None:
    """Write a dataclass's fields atomically; only the user may read the file.

    Raises:
        OSError: the folder does not exist. A Shortage: there is no space. In both cases the file is unchanged.
    """
    write_text(path, json.dumps(asdict(value), indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a small text file atomically, as ``write`` does."""
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
    """Return the content of ``path`` as the dataclass ``kind``; None if there is no file, or its content is invalid.

    Fields are simple values such as strings and numbers; a value of another type makes the file invalid. Unknown
    fields are ignored, because the writer may be a later version, for example in a container.

    Raises:
        Shortage: the file cannot be read now. To return None would be wrong: a running desktop would look dead.
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
    # JSON has only one type of number, and in Python a bool is an int.
    numbers = (int, float) if kind is float else kind
    return isinstance(value, numbers) and (kind is bool or not isinstance(value, bool))
