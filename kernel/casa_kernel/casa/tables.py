"""Ask CASA's tools about tables and images on the disk."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Collection, ContextManager, Dict, Iterator, List, Optional, Union

from .imports import Casa
from .versions import Measures

# A data manager's files have its number in their names: table.f3, table.f3i, table.f3_TSM1.
_OF_MANAGER = re.compile(r"table\.f(\d+)")
_MJD_ZERO = date(1858, 11, 17)


def table(casa: Casa, path: Union[str, Path]) -> ContextManager[Any]:
    """Open the table at ``path`` within a with block, without waiting for a lock; yields CASA's tool.

    Raises:
        RuntimeError: it cannot be read.
    """
    return _opened(casa.names["casatools"].table(), path, lockoptions={"option": "usernoread"})


def image(casa: Casa, path: Union[str, Path]) -> ContextManager[Any]:
    """Open the image at ``path`` likewise."""
    return _opened(casa.names["casatools"].image(), path)


@contextmanager
def _opened(tool: Any, path: Union[str, Path], **options: Any) -> Iterator[Any]:
    try:
        tool.open(str(path), **options)
        yield tool
    finally:
        tool.close()


def measures(casa: Casa) -> Optional[Measures]:
    """Return the state of CASA's measures data; None where the tables cannot be read."""
    tool, ends = casa.names["casatools"].table(), []
    try:
        for name in ("IERSpredict", "IERSeop2000"):
            path = casa.names["ctsys"].resolve(f"geodetic/{name}")
            tool.open(path)
            days = float(tool.getcell("MJD", tool.nrows() - 1))
            ends.append(_MJD_ZERO + timedelta(days=days))
        version = str(tool.getkeyword("VS_DATE"))
    except RuntimeError:
        return None
    finally:
        tool.close()
    return Measures(str(Path(path).parents[1]), version, measured=ends[1], predicted=ends[0])


def trouble_with(casa: Casa, path: Path) -> str:
    """Return casacore's message if it cannot open a table with all its columns, or a FITS image; else an empty string.

    It does not wait for locks, and takes about 1 ms.
    """
    try:
        with (table if path.is_dir() else image)(casa, path) as tool:
            if path.is_dir():
                # Opens the files of all columns.
                tool.getdminfo()
    except RuntimeError as error:
        return " ".join(str(error).split()).rstrip(".")
    return ""


def columns(casa: Casa, path: Path, files: Collection[str]) -> List[str]:
    """Return the names of the columns and subtables of a table that are stored in some of its files, sorted.

    Columns that share a file cannot be told apart, and are all named. Of a table that cannot be opened there are only
    the subtables. It does not wait for locks.

    Args:
        casa: the imported CASA.
        path: the table.
        files: paths of files below it, with ``/`` between names.
    """
    names = {file.partition("/")[0] for file in files if "/" in file}
    matches = [_OF_MANAGER.match(file) for file in files if "/" not in file]
    numbers = {int(match[1]) for match in matches if match}
    managed = _managed(casa, path) if numbers else {}
    return sorted(names.union(*(managed.get(number, []) for number in numbers)))


def _managed(casa: Casa, path: Path) -> Dict[int, List[str]]:
    """Return the columns of each data manager of a table, by its number; nothing if it cannot be opened."""
    try:
        with table(casa, path) as tool:
            managers = tool.getdminfo().values()
            return {int(manager["SEQNR"]): [str(name) for name in manager["COLUMNS"]] for manager in managers}
    except RuntimeError:
        return {}
