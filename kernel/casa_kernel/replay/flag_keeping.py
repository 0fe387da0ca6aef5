"""Make a record of what changed between two states of a table's flags."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from casa_desktop.handwork import flag_commands, flag_records
from casa_desktop.handwork.flag_records import FlagRecord
from casa_desktop.handwork.flags import Difference, State, difference

from ..casa import flag_columns


@dataclass(frozen=True)
class Window:
    """A window in which flags are set by hand.

    Attributes:
        number: tells it from others.
        task: whose window it is.
        call: the call that opened it, as text.
        vis: the paths of its tables, real ones.
        versions: of CASA and the window's program.
        pid: its process; 0 if the task itself waits for it.
        log: the log that the process writes into.
    """

    number: int
    task: str
    call: str
    vis: Tuple[str, ...]
    versions: Mapping[str, str]
    pid: int = 0
    log: str = ""

    @classmethod
    def of(cls, order: Mapping[str, Any]) -> Window:
        """Make it of what the kernel has ordered."""
        words = {name: order[name] for name in ("number", "task", "call", "versions", "pid", "log")}
        return cls(**words, vis=tuple(order["vis"]))


def keep(window: Window, path: str, before: State, after: State, said: Sequence[str]) -> Optional[Dict[str, Any]]:
    """Keep what changed in a table; return what the kernel shows of it, or None if nothing has.

    Raises:
        OSError: there is no room, or the like.
        ValueError: rows were added or removed.
    """
    change = difference(before, after)
    if not change:
        return None
    identity = flag_columns.identity(path, change.rows)
    pairs = set(zip(identity["ANTENNA1"].tolist(), identity["ANTENNA2"].tolist()))
    record = FlagRecord(
        task=window.task,
        vis=path,
        made=datetime.now().astimezone().isoformat(timespec="milliseconds"),
        said=tuple(said),
        versions=dict(window.versions),
        rows=after.rows,
        flagged=change.flagged,
        unflagged=change.unflagged,
        row_flagged=len(change.row_flagged),
        row_unflagged=len(change.row_unflagged),
        baselines=len(pairs),
        before=before.digest,
        after=after.digest,
        commands=tuple(_commands(path, change)),
        arguments=window.call,
    )
    folder = flag_records.write(record, change, identity)
    return {"kind": "kept", "folder": str(folder), "text": record.text, "name": f"{folder.parent.name}/{folder.name}"}


def _commands(path: str, change: Difference) -> Sequence[str]:
    if len(change.rows) > flag_commands.MOST_ROWS:
        return ()
    try:
        return flag_commands.commands(change, flag_columns.layout(path))
    # They are an extra: the record holds without them.
    except Exception:  # noqa: BLE001
        return ()


def name(path: str) -> str:
    """Return a table's name for a message."""
    return Path(path).name
