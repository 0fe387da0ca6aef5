"""Records of flagging on the disk: ``my.ms.hand/0001`` and so on, each a folder with ``flags.json`` and ``flags.npz``.

Any Python with numpy reads them. A record is written into a folder with a name of its own, which is then renamed, so
that it is there as a whole or not at all.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Tuple

from ..errors import HandworkDamaged, HandworkMissing
from . import json_file, npz_file
from .flags import Difference, Group

if TYPE_CHECKING:
    from .flags import Array

FORMAT = 1
ENDING = ".hand"
FLAGS, BITS = "flags.json", "flags.npz"
# The columns that tell which rows of a table are meant.
IDENTITY = ("TIME", "ANTENNA1", "ANTENNA2", "DATA_DESC_ID")
_NUMBER = re.compile(r"\d{4,}")
_PARTIAL = ".part"


@dataclass(frozen=True)
class FlagRecord:
    """One flagging by hand.

    Attributes:
        task: the task whose window it was: plotms, msview or flagdata.
        vis: the table, an absolute path.
        made: when, local time with its offset, in ISO 8601.
        said: what the window's log says of it, line by line.
        versions: of casatools and the window's program.
        rows: how many rows the table had.
        flagged, unflagged: how many visibilities were.
        row_flagged, row_unflagged: how many rows' FLAG_ROW was.
        baselines: in how many baselines.
        before, after: the digests of the states of FLAG and FLAG_ROW.
        commands: the commands of ``flagdata(mode="list")`` that do the same; none if they cannot say it exactly.
        undone: when it was taken back, or an empty string.
        arguments: the call, as it was given.
    """

    task: str
    vis: str
    made: str
    said: Tuple[str, ...]
    versions: Mapping[str, str]
    rows: int
    flagged: int
    unflagged: int
    row_flagged: int
    row_unflagged: int
    baselines: int
    before: str
    after: str
    commands: Tuple[str, ...] = ()
    undone: str = ""
    arguments: str = field(default="")

    @property
    def text(self) -> str:
        """What was done, for example ``229 visibilities flagged in 12 baselines``."""
        done = [
            f"{count:,} {'visibility' if count == 1 else 'visibilities'} {word}"
            for count, word in ((self.flagged, "flagged"), (self.unflagged, "unflagged"))
            if count
        ]
        if not done:
            rows = self.row_flagged + self.row_unflagged
            done = [f"FLAG_ROW of {rows:,} row{'' if rows == 1 else 's'} changed"]
        where = f" in {self.baselines:,} baseline{'' if self.baselines == 1 else 's'}" if self.baselines else ""
        return f"{' and '.join(done)}{where}"


def folder_of(vis: Path) -> Path:
    """Return the folder of a table's records, which may not exist."""
    return vis.with_name(f"{vis.name}{ENDING}")


def write(record: FlagRecord, change: Difference, identity: Mapping[str, Array]) -> Path:
    """Write a record beside its table; return its folder.

    Args:
        record: the record.
        change: what it did.
        identity: ``IDENTITY``, for each row of ``change.rows``.

    Raises:
        OSError: there is no room, or the like; nothing of the record is left then.
    """
    parent = folder_of(Path(record.vis))
    bits = _packed(change, identity)
    is_new = not parent.exists()
    parent.mkdir(exist_ok=True)
    partial = parent / f"{os.getpid()}{_PARTIAL}"
    try:
        partial.mkdir()
        (partial / BITS).write_bytes(bits)
        _write_json(partial / FLAGS, record)
        return _put(partial, parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        if is_new and not any(parent.iterdir()):
            parent.rmdir()
        raise


def _put(partial: Path, parent: Path) -> Path:
    number = max((int(each.name) for each in _folders(parent)), default=0) + 1
    while True:
        try:
            # A folder that exists and is not empty is not replaced.
            return partial.rename(parent / f"{number:04}")
        except OSError:
            if not (parent / f"{number:04}").exists():
                raise
            number += 1


def _folders(parent: Path) -> List[Path]:
    found = [each for each in parent.iterdir() if _NUMBER.fullmatch(each.name)] if parent.is_dir() else []
    return sorted(found, key=lambda each: int(each.name))


def _write_json(path: Path, record: FlagRecord) -> None:
    text = json.dumps({"format": FORMAT, "kind": "flags", **dataclasses.asdict(record)}, indent=1) + "\n"
    partial = path.with_name(f"{path.name}{_PARTIAL}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _packed(change: Difference, identity: Mapping[str, Array]) -> bytes:
    import numpy

    arrays: Dict[str, Array] = {
        "rows": change.rows,
        "row_flagged": change.row_flagged,
        "row_unflagged": change.row_unflagged,
        **{name: identity[name] for name in IDENTITY},
    }
    for number, group in enumerate(change.groups, start=1):
        arrays[f"{number}.rows"] = group.rows
        arrays[f"{number}.shape"] = numpy.array(group.flagged.shape, dtype=numpy.int64)
        arrays[f"{number}.flagged"] = numpy.packbits(group.flagged.ravel())
        arrays[f"{number}.unflagged"] = numpy.packbits(group.unflagged.ravel())
    file = io.BytesIO()
    save: Any = numpy.savez_compressed
    save(file, **arrays)
    return file.getvalue()


def read(folder: Path) -> FlagRecord:
    """Return the record in a folder.

    Raises:
        HandworkMissing: there is none.
        HandworkOfOtherFormat: another release of casa-desktop has written it.
        HandworkDamaged: it cannot be read.
    """
    value = json_file.read(folder, FLAGS, FORMAT)
    try:
        return _record(value)
    except (KeyError, TypeError) as error:
        raise HandworkDamaged(folder, f"{FLAGS}: {error}") from error


def _record(value: Mapping[str, Any]) -> FlagRecord:
    texts: Dict[str, Any] = {
        name: _as(str, value[name]) for name in ("task", "vis", "made", "before", "after", "undone", "arguments")
    }
    counted = ("rows", "flagged", "unflagged", "row_flagged", "row_unflagged", "baselines")
    counts: Dict[str, Any] = {name: _as(int, value[name]) for name in counted}
    lists: Dict[str, Any] = {
        name: tuple(_as(str, each) for each in _as(list, value[name])) for name in ("said", "commands")
    }
    versions = {_as(str, name): _as(str, each) for name, each in _as(dict, value["versions"]).items()}
    return FlagRecord(**texts, **counts, **lists, versions=versions)


def _as(kind: type, value: Any) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def read_bits(folder: Path) -> Tuple[Difference, Dict[str, Array]]:
    """Return what a record did, and ``IDENTITY`` of the rows in which it did.

    Raises:
        HandworkDamaged: it is not there, or cannot be read.
    """
    with npz_file.opened(folder, BITS) as archive:
        arrays = {name: archive[name] for name in archive.files}
        count = sum(name.endswith(".shape") for name in arrays)
        groups = tuple(_group(arrays, number) for number in range(1, count + 1))
        change = Difference(groups, arrays["row_flagged"], arrays["row_unflagged"])
        identity = {name: arrays[name] for name in IDENTITY}
        if any(len(each) != len(arrays["rows"]) for each in identity.values()):
            raise ValueError("a column is cut short")
        return change, identity


def _group(arrays: Mapping[str, Array], number: int) -> Group:
    import numpy

    rows, shape = arrays[f"{number}.rows"], tuple(int(each) for each in arrays[f"{number}.shape"])
    count = shape[0] * shape[1] * shape[2]
    if len(rows) != shape[0]:
        raise ValueError("rows are missing")
    bits = [numpy.unpackbits(arrays[f"{number}.{name}"])[:count] for name in ("flagged", "unflagged")]
    return Group(rows, *(each.reshape(shape).astype(bool) for each in bits))


def mark(folder: Path, undone: str) -> None:
    """Note in a record when it was taken back; an empty text if it holds again. OSError if it cannot be written."""
    _write_json(folder / FLAGS, dataclasses.replace(read(folder), undone=undone))


def listed(vis: Path) -> List[Path]:
    """Return the folders of a table's records, the oldest first."""
    return _folders(folder_of(vis))


def expanded(folder: Path) -> List[Path]:
    """Return the record in a folder, or those in a folder of records, the oldest first; HandworkMissing if none."""
    found = [folder] if (folder / FLAGS).exists() else _folders(folder)
    if not found:
        raise HandworkMissing(folder)
    return found
