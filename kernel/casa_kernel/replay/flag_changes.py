"""Make recorded flaggings again, and take them back, with the kernel's own CASA."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, List, Mapping, Optional, Tuple

from casa_desktop.handwork import flag_records
from casa_desktop.handwork.flag_records import FlagRecord
from casa_desktop.handwork.flags import Difference

from ..casa import flag_columns
from ..errors import FlagsNotChanged

if TYPE_CHECKING:
    from casa_desktop.handwork.flags import Array


def shown(folder: Path) -> str:
    """Return a record's folder as users see it: its name with its parent's, or its path if it is elsewhere."""
    path = Path(os.path.abspath(folder))
    return os.path.relpath(path) if Path.cwd() in path.parents else str(path)


def apply(folder: Path, vis: Optional[Path] = None) -> FlagRecord:
    """Make a recorded flagging again.

    Args:
        folder: of the record.
        vis: the MeasurementSet; None for that beside which the record lies.

    Raises:
        FlagsNotChanged: it is impossible there.
        HandworkMissing, HandworkOfOtherFormat, HandworkDamaged: as ``flag_records.read``.
    """
    record, change, table = _opened(folder, vis)
    with table as writing:
        flag_columns.make(writing, change)
    if record.undone and vis is None:
        flag_records.mark(folder, undone="")
    return record


def undo(folder: Path) -> FlagRecord:
    """Take a recorded flagging back; raises as ``apply``."""
    record, change, table = _opened(folder, None)
    with table as writing:
        others = flag_columns.take_back(writing, change)
    if others is not None:
        raise FlagsNotChanged(
            shown(folder),
            table.path.name,
            f"{others:,} of the flags that it changed were changed again since, by something else; restore them first, "
            "or take back what was kept later",
        )
    flag_records.mark(folder, undone=datetime.now().astimezone().isoformat(timespec="milliseconds"))
    return record


def _opened(folder: Path, vis: Optional[Path]) -> Tuple[FlagRecord, Difference, _Table]:
    record = flag_records.read(folder)
    change, identity = flag_records.read_bits(folder)
    path = beside(folder, record) if vis is None else vis
    return record, change, _Table(folder, path, record, change, identity)


def beside(folder: Path, record: FlagRecord) -> Path:
    """Return the table beside which a record lies, or else the one of which it was made."""
    parent = Path(os.path.abspath(folder)).parent
    table = parent.with_name(parent.name[: -len(flag_records.ENDING)])
    return table if parent.name.endswith(flag_records.ENDING) and table.is_dir() else Path(record.vis)


class _Table:
    """A MeasurementSet that is open for the change of a record; a context manager.

    Attributes:
        path: of the MeasurementSet.
    """

    def __init__(
        self, folder: Path, path: Path, record: FlagRecord, change: Difference, identity: Mapping[str, Array]
    ) -> None:
        self.path = path
        self._folder, self._record, self._change, self._identity = folder, record, change, identity
        self._writing = flag_columns.Writing(str(path))

    def __enter__(self) -> flag_columns.Writing:
        if not self.path.is_dir():
            raise self._error("it is not there")
        try:
            writing = self._writing.__enter__()
        except RuntimeError as error:
            raise self._error(_short(error)) from error
        try:
            if not writing.is_of(self._change.rows, self._identity, self._record.rows):
                raise self._error("it has other rows than the MeasurementSet in which they were set")
            for group in self._change.groups:
                writing.read(group)
        except RuntimeError as error:
            self._writing.__exit__()
            raise self._error(_short(error)) from error
        except BaseException:
            self._writing.__exit__()
            raise
        return writing

    def __exit__(self, *_: object) -> None:
        self._writing.__exit__()

    def _error(self, reason: str) -> FlagsNotChanged:
        return FlagsNotChanged(shown(self._folder), self.path.name, reason.rstrip("."))


def _short(error: RuntimeError) -> str:
    return " ".join(str(error).split())


def newest(folder: Path, number: int) -> List[Path]:
    """Return the newest records that hold, the newest first.

    Args:
        folder: records of the MeasurementSets in it are meant.
        number: how many at most.
    """
    held = [
        (record.made, each)
        for vis in tables(folder)
        for each in flag_records.listed(vis)
        for record in [flag_records.read(each)]
        if not record.undone
    ]
    # Those of one table in the order of their numbers, also within a second.
    held.sort(key=lambda pair: (pair[0], pair[1].parent.name, int(pair[1].name)))
    return [each for _, each in reversed(held[-number:])]


def tables(folder: Path) -> List[Path]:
    """Return the paths of the tables in a folder that have records, whether they are there themselves or not."""
    ending = flag_records.ENDING
    found = sorted(each.with_name(each.name[: -len(ending)]) for each in folder.glob(f"*{ending}"))
    return [each for each in found if flag_records.listed(each)]
