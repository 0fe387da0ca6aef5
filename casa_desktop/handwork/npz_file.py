"""Read the file of arrays of a record of handwork."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

from ..errors import HandworkDamaged
from . import json_file


@contextmanager
def opened(folder: Path, name: str) -> Iterator[Any]:
    """Yield the archive, as numpy reads it, for a with block that makes something of its arrays.

    Args:
        folder: the record's folder.
        name: the name of the file in it.

    Raises:
        HandworkDamaged: it is not there, it cannot be read, or the with block raised an error.
    """
    import numpy

    try:
        # Opened here, because numpy leaves a file open that it cannot read.
        with open(folder / name, "rb") as file, numpy.load(file, allow_pickle=False) as archive:
            yield archive
    # A damaged archive leads to errors of zipfile, zlib, struct and numpy, and of what is made of a wrong length.
    except Exception as error:
        raise HandworkDamaged(folder, f"{name}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if not isinstance(error, KeyError):
        return json_file.reason(error)
    missing = str(error.args[0]) if error.args else "something"
    # numpy says a sentence, a dictionary only the key.
    return missing if " " in missing else f"{missing} is missing"
