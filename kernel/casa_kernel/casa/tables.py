"""Ask CASA's tools about tables and images on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from .imports import Casa
from .versions import Measures


def measures(casa: Casa) -> Optional[Measures]:
    """Return the state of CASA's measures data; None where the tables cannot be read."""
    table, ends = casa.names["casatools"].table(), []
    try:
        for name in ("IERSpredict", "IERSeop2000"):
            path = casa.names["ctsys"].resolve(f"geodetic/{name}")
            table.open(path)
            ends.append(float(table.getcell("MJD", table.nrows() - 1)))
        version = str(table.getkeyword("VS_DATE"))
    except RuntimeError:
        return None
    finally:
        table.close()
    return Measures(str(Path(path).parents[1]), version, measured=ends[1], predicted=ends[0])


def trouble_with(casa: Casa, path: Path) -> str:
    """Return casacore's message if it cannot open a table with all its columns, or a FITS image; else an empty string.

    It does not wait for locks, and takes about 1 ms.
    """
    tools = casa.names["casatools"]
    tool = tools.table() if path.is_dir() else tools.image()
    try:
        if path.is_dir():
            tool.open(str(path), lockoptions={"option": "usernoread"})
            # Opens the files of all columns.
            tool.getdminfo()
        else:
            tool.open(str(path))
    except RuntimeError as error:
        return " ".join(str(error).split()).rstrip(".")
    finally:
        tool.close()
    return ""
