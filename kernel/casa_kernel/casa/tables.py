"""Ask CASA's tools about tables and images on the disk."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Iterator, Optional, Union

from .imports import Casa
from .versions import Measures

_MJD_ZERO = date(1858, 11, 17)


@contextmanager
def table(casa: Casa, path: Union[str, Path]) -> Iterator[Any]:
    """Open the table at ``path`` within a with block, without waiting for a lock; yield CASA's tool.

    Raises:
        RuntimeError: it cannot be read.
    """
    tool = casa.names["casatools"].table()
    try:
        tool.open(str(path), lockoptions={"option": "usernoread"})
        yield tool
    finally:
        tool.close()


@contextmanager
def image(casa: Casa, path: Union[str, Path]) -> Iterator[Any]:
    """Open the image at ``path`` within a with block; yield CASA's tool.

    Raises:
        RuntimeError: it cannot be read.
    """
    tool = casa.names["casatools"].image()
    try:
        tool.open(str(path))
        yield tool
    finally:
        tool.done()


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
