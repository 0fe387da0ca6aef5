"""Read and write the flags of a MeasurementSet with CASA's table tool."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Tuple

from casa_desktop.handwork.flag_commands import Layout
from casa_desktop.handwork.flag_records import IDENTITY
from casa_desktop.handwork.flags import Difference, Group, Piece, State, made, taken_back

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

# So many visibilities are read at a time: 8 MB before they are packed.
_PIECE = 8_000_000
# The most visibilities whose flags are kept: packed they take 256 MB.
MOST = 2_000_000_000
# With other options opening a table waits for its lock, for ever (casatools 6.7.0).
_WITHOUT_WAITING = {"option": "usernoread"}
# A lock is asked for so often, once a second.
_ATTEMPTS = 3
_CORRELATIONS = {
    1: "I", 2: "Q", 3: "U", 4: "V", 5: "RR", 6: "RL", 7: "LR", 8: "LL", 9: "XX", 10: "XY", 11: "YX", 12: "YY",
}  # fmt: skip


class Unreadable(Exception):
    """The flags of a table cannot be kept; the text says why, behind "because"."""


def table_tool() -> Any:
    """Return a new table tool of CASA, which has been imported."""
    return importlib.import_module("casatools").table()


@contextmanager
def _opened(path: str, **options: Any) -> Iterator[Any]:
    tool = table_tool()
    try:
        tool.open(path, **options)
        yield tool
    finally:
        tool.close()


def _reading(path: str) -> Any:
    return _opened(path, lockoptions=_WITHOUT_WAITING)


@contextmanager
def _unchanging(path: str) -> Iterator[Any]:
    """Open a table that no process changes within a with block."""
    with _reading(path) as tool:
        tool.lock(False, _ATTEMPTS)
        if not tool.haslock(False):
            raise Unreadable("another process has locked it")
        try:
            yield tool
        finally:
            tool.unlock()


def positions(path: str) -> Tuple[int, ...]:
    """Return which of the table's data managers store FLAG and FLAG_ROW, from 0.

    Raises:
        Unreadable: it is no MeasurementSet whose flags are in itself.
    """
    try:
        with _reading(path) as tool:
            names = tool.colnames()
            managers = tool.getdminfo()
    except RuntimeError as error:
        raise Unreadable(f"it cannot be read: {error}") from error
    if any(name not in names for name in (*IDENTITY, "FLAG", "FLAG_ROW")):
        raise Unreadable("it is no MeasurementSet")
    owners = [
        number
        for number, each in enumerate(managers.values())
        if {"FLAG", "FLAG_ROW"}.intersection(map(str, each["COLUMNS"]))
    ]
    if not owners or not (Path(path) / "table.f0").exists():
        raise Unreadable("it consists of other MeasurementSets")
    return tuple(owners)


def state(path: str) -> State:
    """Return all flags of a MeasurementSet.

    Raises:
        Unreadable: they cannot be read, or are too many.
    """
    import numpy

    try:
        with _unchanging(path) as tool:
            count, descriptions = tool.nrows(), tool.getcol("DATA_DESC_ID")
            pieces: List[Piece] = []
            total = 0
            for description in numpy.unique(descriptions):
                rows = numpy.flatnonzero(descriptions == description)
                size = int(tool.getcell("FLAG", int(rows[0])).size)
                total += size * len(rows)
                if total > MOST:
                    raise Unreadable(f"it has more than {MOST:,} visibilities")
                step = max(1, _PIECE // max(size, 1))
                for start in range(0, len(rows), step):
                    part = rows[start : start + step]
                    pieces.append(Piece.of(part, _flags(tool, part)))
            return State(count, tuple(pieces), numpy.packbits(tool.getcol("FLAG_ROW")))
    except RuntimeError as error:
        raise Unreadable(f"its flags cannot be read: {error}") from error


def _flags(tool: Any, rows: Array) -> Array:
    """Return the flags of some rows of one shape, rows x channels x correlations."""
    if rows[-1] - rows[0] + 1 == len(rows):
        flags: Array = tool.getcol("FLAG", int(rows[0]), len(rows)).T
        return flags
    part = tool.selectrows([int(row) for row in rows])
    try:
        chosen: Array = part.getcol("FLAG").T
        return chosen
    finally:
        part.close()


def identity(path: str, rows: Array) -> Dict[str, Array]:
    """Return the columns that tell which rows these are."""
    with _reading(path) as tool:
        return {name: tool.getcol(name)[rows] for name in IDENTITY}


def layout(path: str) -> Layout:
    """Return all rows of a MeasurementSet, and the names by which they are selected."""
    with _reading(path) as tool:
        time, antenna1, antenna2, description = (tool.getcol(name) for name in IDENTITY)
    with _reading(f"{path}/DATA_DESCRIPTION") as tool:
        windows, setups = tool.getcol("SPECTRAL_WINDOW_ID"), tool.getcol("POLARIZATION_ID")
    with _reading(f"{path}/POLARIZATION") as tool:
        types = [tool.getcell("CORR_TYPE", int(setup)) for setup in setups]
    with _reading(f"{path}/ANTENNA") as tool:
        antennas = [str(name) for name in tool.getcol("NAME")]
    names = [tuple(_CORRELATIONS.get(int(each), str(each)) for each in kinds) for kinds in types]
    return Layout(time, antenna1, antenna2, description, [int(each) for each in windows], names, antennas)


class Writing:
    """Changes flags of a MeasurementSet, which is locked meanwhile; a context manager.

    Raises:
        RuntimeError: the table cannot be opened for writing, or another process has locked it.
    """

    def __init__(self, path: str) -> None:
        self._path, self._tool = path, table_tool()

    def __enter__(self) -> Writing:
        try:
            self._tool.open(self._path, nomodify=False, lockoptions=_WITHOUT_WAITING)
            self._tool.lock(True, _ATTEMPTS)
            if not self._tool.haslock(True):
                raise RuntimeError("another process has locked it")
        except BaseException:
            self._tool.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._tool.unlock()
        finally:
            self._tool.close()

    def is_of(self, rows: Array, identity: Mapping[str, Array], count: int) -> bool:
        """Return whether the table has so many rows, and these are what they were."""
        import numpy

        if self._tool.nrows() != count:
            return False
        return all(bool(numpy.array_equal(self._tool.getcol(name)[rows], identity[name])) for name in IDENTITY)

    def read(self, group: Group) -> Array:
        """Return the flags of a group's rows; RuntimeError if they have another shape."""
        import numpy

        parts = [_flags(self._tool, part) for part in _consecutive(group.rows)]
        flags: Array = numpy.concatenate(parts)
        if flags.shape != group.flagged.shape:
            raise RuntimeError("its rows have other channels or correlations")
        return flags

    def row_flags(self) -> Array:
        column: Array = self._tool.getcol("FLAG_ROW")
        return column

    def write(self, group: Group, flags: Array) -> None:
        """Write the flags of a group's rows."""
        start = 0
        for part in _consecutive(group.rows):
            values = flags[start : start + len(part)].T
            self._tool.putcol("FLAG", values, int(part[0]), len(part))
            start += len(part)

    def write_rows(self, rows: Array, value: bool) -> None:
        """Write FLAG_ROW of some rows."""
        for row in rows:
            self._tool.putcell("FLAG_ROW", int(row), value)


def _consecutive(rows: Array) -> Iterator[Array]:
    """Yield the parts of ascending row numbers that have no gaps."""
    import numpy

    yield from numpy.split(rows, numpy.flatnonzero(numpy.diff(rows) != 1) + 1)


def make(table: Writing, change: Difference) -> None:
    """Make a change, whatever the flags are now."""
    for group in change.groups:
        table.write(group, made(group, table.read(group)))
    table.write_rows(change.row_flagged, True)
    table.write_rows(change.row_unflagged, False)


def take_back(table: Writing, change: Difference) -> Optional[int]:
    """Take a change back; nothing is changed if flags no longer are as it left them.

    Returns:
        None, or how many of those flags are not as it left them.
    """
    former = [(group, *taken_back(group, table.read(group))) for group in change.groups]
    now = table.row_flags()
    others = sum(each[2] for each in former)
    others += int((~now[change.row_flagged]).sum() + now[change.row_unflagged].sum())
    if others:
        return others
    for group, flags, _ in former:
        table.write(group, flags)
    table.write_rows(change.row_flagged, False)
    table.write_rows(change.row_unflagged, True)
    return None
