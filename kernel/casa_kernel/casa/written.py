"""What CASA has written into a table about its making: HISTORY, logtable, keywords. Also a program that reads tables.

The program reads a path in JSON from each line of its standard input, and answers with one line. ``casa-desktop
history`` starts it by the Python of a kernel.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List

# 17 November 1858, from which casacore counts, in seconds before 1970.
_MJD_ZERO = 40587 * 86400.0
_HISTORY, _LOGTABLE, _TABLE = "HISTORY", "logtable", "table.dat"
_CALIBRATION = ("MSName", "VisCal", "CASA_Version")
# The column that has a row's origin.
_ORIGIN = {_HISTORY: "ORIGIN", _LOGTABLE: "LOCATION"}


def written(make_tool: Callable[[], Any], path: str) -> Dict[str, Any]:
    """Return what CASA has written into a table.

    It waits for no lock.

    Args:
        make_tool: returns a new tool for tables.
        path: of the table.

    Returns:
        ``where``: the name of the subtable, empty if there is none; ``rows``: of time in seconds since 1970, origin
        and message; ``keywords``: of a calibration table; ``problem``: why it could not be read, or empty.
    """
    found: Dict[str, Any] = {"where": "", "rows": [], "keywords": {}, "problem": ""}
    try:
        if os.path.isfile(os.path.join(path, _TABLE)):
            found["keywords"] = _keywords(make_tool, path)
        for where in (_HISTORY, _LOGTABLE):
            if os.path.isfile(os.path.join(path, where, _TABLE)):
                found["where"] = where
                found["rows"] = _rows(make_tool, os.path.join(path, where), _ORIGIN[where])
    # casacore raises what it likes for a damaged table.
    except Exception as error:  # noqa: BLE001
        found["problem"] = " ".join(str(error).split()).rstrip(".")
    return found


@contextmanager
def _opened(make_tool: Callable[[], Any], path: str) -> Iterator[Any]:
    tool = make_tool()
    try:
        tool.open(path, lockoptions={"option": "usernoread"})
        yield tool
    finally:
        tool.close()


def _keywords(make_tool: Callable[[], Any], path: str) -> Dict[str, str]:
    with _opened(make_tool, path) as tool:
        there = set(tool.keywordnames())
        return {name: str(tool.getkeyword(name)) for name in _CALIBRATION if name in there}


def _rows(make_tool: Callable[[], Any], path: str, origin: str) -> List[List[Any]]:
    with _opened(make_tool, path) as tool:
        if tool.nrows() == 0:
            return []
        columns = [tool.getcol(name) for name in ("TIME", origin, "MESSAGE")]
    return [
        [float(time) - _MJD_ZERO, str(place).split("::")[-1], str(message)] for time, place, message in zip(*columns)
    ]


def main() -> None:
    """Answer until standard input ends."""
    from . import imports

    # What CASA prints is no answer.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    imports.prepare(os.environ)
    try:
        from importlib import metadata, util

        import casatools

        spec = util.find_spec("casatasks")
        folder = next(iter(spec.submodule_search_locations or ()), "") if spec is not None else ""
        hello = {"casatasks": folder, "version": metadata.version("casatasks") if folder else "", "problem": ""}
    # CASA raises errors of many libraries here, and ends the process where it has no measures data.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        print(json.dumps({"problem": f"CASA cannot be imported: {error}"}), file=answers, flush=True)
        return
    print(json.dumps(hello), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(written(casatools.table, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
