"""Lists of values for arrays: ``vis=@list.txt`` makes a job for each line of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from ..errors import ListUnusable

# What a value begins with that names a list.
MARK = "@"
# Each job of an array holds a lock while all are made, and a process may open a thousand files.
MOST = 500


def named(given: Sequence[Tuple[str, str]], folder: Path = Path()) -> Dict[str, Path]:
    """Return the files that values name, by the parameters' names; a name that is not absolute is one in a folder."""
    return {name: folder / Path(text[len(MARK) :]).expanduser() for name, text in given if text.startswith(MARK)}


def rows(given: Sequence[Tuple[str, str]], folder: Path = Path()) -> List[Dict[str, str]]:
    """Return the texts of the parameters with lists, a dictionary for each job.

    The first lines of all files go together, then the second, and so on.

    Args:
        given: names of parameters and their values as they were typed; at least one value names a list.
        folder: where the lists are whose names are not absolute; by default that of this process.

    Raises:
        ListUnusable: a file cannot be read or is empty, two are not of the same length, or two jobs would be equal.
    """
    files = named(given, folder)
    columns = {name: _lines(path) for name, path in files.items()}
    first, *others = files
    for name in others:
        if len(columns[name]) != len(columns[first]):
            lengths = f"it has {len(columns[name])} values, but {files[first]} has {len(columns[first])}"
            raise ListUnusable(files[name], f"{lengths}, and each goes with one of the other")
    found = [dict(zip(columns, values)) for values in zip(*columns.values())]
    for number, row in enumerate(found):
        before = found.index(row)
        if before != number:
            same = ", ".join(f"{name}={text}" for name, text in row.items())
            reason = (
                f"its values {before + 1} and {number + 1} would make the same job twice, at the same time ({same})"
            )
            raise ListUnusable(files[first], reason)
    return found


def _lines(path: Path) -> List[str]:
    """Return the lines of a list, without blank ones and comments."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ListUnusable(path, "it is not text in UTF-8") from error
    except OSError as error:
        raise ListUnusable(path, error.strerror or str(error)) from error
    lines = [line.strip() for line in text.split("\n")]
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise ListUnusable(path, "there is no value in it; each line is one, and # begins a comment")
    if len(found) > MOST:
        raise ListUnusable(path, f"it has {len(found)} values, and an array has at most {MOST}; make several of it")
    return found
