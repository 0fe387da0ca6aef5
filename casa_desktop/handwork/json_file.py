"""Read the JSON file of a record of handwork; each kind of record has a file and a format of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

from ..errors import HandworkDamaged, HandworkMissing, HandworkOfOtherFormat
from ..system import files


def read(folder: Path, name: str, form: int) -> Dict[str, Any]:
    """Return the content of a record's file.

    Args:
        folder: the record's folder.
        name: the name of the file in it.
        form: the number of the format that this release reads.

    Raises:
        HandworkMissing: there is none.
        HandworkOfOtherFormat: another release of casa-desktop has written it.
        HandworkDamaged: it cannot be read.
    """
    try:
        value = files.parsed((folder / name).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise HandworkMissing(folder) from None
    except (OSError, ValueError) as error:
        raise HandworkDamaged(folder, f"{name}: {reason(error)}") from error
    if not isinstance(value, dict) or "format" not in value:
        raise HandworkDamaged(folder, f"{name} has no format")
    if value["format"] != form:
        raise HandworkOfOtherFormat(folder, value["format"], form)
    return value


def reason(error: Exception) -> str:
    """Return what an error says, or at least its kind."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
