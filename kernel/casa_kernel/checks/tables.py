"""Inspect casacore's tables as files: for damage, which the tools answer with an empty picture, and for locks."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Optional

# A table.dat begins with this, followed by the length of the rest (casacore/casa/IO/AipsIO.cc).
_MAGIC = b"\xbe\xbe\xbe\xbe"

# The subtables that every MeasurementSet must have (CASA Memo 229: https://casacore.github.io/casacore-notes/229.html).
_SUBTABLES = (
    "ANTENNA", "DATA_DESCRIPTION", "FEED", "FIELD", "HISTORY", "OBSERVATION", "POLARIZATION", "PROCESSOR",
    "SPECTRAL_WINDOW", "STATE",
)  # fmt: skip


def damage(table: Path, is_measurement_set: bool) -> str:
    """Return what is wrong with a table and its subtables, as the end of a sentence; an empty string if nothing is."""
    if is_measurement_set:
        for name in _SUBTABLES:
            if not (table / name / "table.dat").is_file():
                return f"its subtable {name} is missing"
    for each in (table / "table.dat", *sorted(table.glob("*/table.dat"))):
        found = _damage_of_header(each)
        if found:
            return f"{each.relative_to(table)} {found}"
    return ""


def _damage_of_header(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(8)
    size = path.stat().st_size
    if not size:
        return "is empty"
    if len(head) < 8 or not head.startswith(_MAGIC):
        return "is no table"
    (length,) = struct.unpack(">I", head[4:])
    # The length does not include the magic number.
    return f"is cut short: it has {size} of {length + 4} bytes" if size < length + 4 else ""


def writer_of(table: Path) -> Optional[int]:
    """Return the process that has locked a table for writing; None if there is none on this machine.

    This reads only /proc/locks: a process that opens the lock file and closes it again loses all locks that it has on
    it (man 2 fcntl_locking). casacore locks the first byte of the file (casacore/casa/IO/LockFile.cc).
    """
    try:
        inode = (table / "table.lock").stat().st_ino
        held = [line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" not in line]
    except OSError:
        return None
    for _, kind, _, access, pid, file, start, _ in (line for line in held if len(line) == 8):
        if (kind, access, start) == ("POSIX", "WRITE", "0") and file.rpartition(":")[2] == str(inode):
            return int(pid)
    return None
