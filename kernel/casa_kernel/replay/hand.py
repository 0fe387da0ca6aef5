"""What ``%casa_hand`` does: list, make again, take back and export what was done by hand."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

from casa_desktop.errors import CasaDesktopError
from casa_desktop.handwork import flag_records, flag_script, script
from casa_desktop.handwork import record as mask_records
from casa_desktop.handwork.page import summary
from casa_desktop.handwork.sheet import sheet

from ..errors import FlagsNotChanged
from . import flag_changes
from .flag_changes import shown

# The flags are changed on the disk.
_IN_WINDOWS = "A window of plotms shows it when its Plot is pressed with Reload ticked."


def listing(folder: Path) -> str:
    """Return a line for each record of handwork in a folder, the flaggings by table, then the masks."""
    lines = [_flag_line(each) for vis in flag_changes.tables(folder) for each in flag_records.listed(vis)]
    lines += [_mask_line(each) for each in _of_masks(folder)]
    if not lines:
        return (
            f"Nothing is kept in {folder}. Flaggings in windows of plotms and flagdata are kept in my.ms.hand, and "
            "masks of interactive cleaning in first.hand."
        )
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:{width}}  {text}" for name, text in lines)


def _flag_line(folder: Path) -> Tuple[str, str]:
    name = shown(folder)
    try:
        record = flag_records.read(folder)
    except CasaDesktopError as error:
        return name, str(error)
    undone = f", taken back at {_moment(record.undone)}" if record.undone else ""
    return name, f"{_moment(record.made)}  {record.task}  {record.text}{undone}"


def _mask_line(folder: Path) -> Tuple[str, str]:
    name = shown(folder)
    try:
        record = mask_records.read(folder)
    except CasaDesktopError as error:
        return name, str(error)
    count = record.cycles
    replay = f", replayed from {shown(Path(record.replayed))}" if record.replayed else ""
    return name, f"{_moment(record.made)}  {record.task}  {count} cycle{'' if count == 1 else 's'} with masks{replay}"


def _moment(text: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime("%d %b %H:%M")
    except ValueError:
        return text


def apply(folder: Path, vis: str) -> Iterator[str]:
    """Make the flaggings of a record, or of all records in a folder that hold, again; yield a line after each."""
    found = _holding(folder)
    if not found:
        reason = "all that it has was taken back; name one of its records to make that again"
        raise FlagsNotChanged(shown(folder), vis or folder.stem, reason)
    for each in found:
        record = flag_changes.apply(each, Path(vis) if vis else None)
        yield f"made again: {record.text} ({shown(each)})"
    yield _IN_WINDOWS


def undo(folder: Path, number: int) -> Iterator[str]:
    """Take the newest flaggings of the tables in a folder back, the newest first; yield a line after each."""
    found = flag_changes.newest(folder, number)
    if not found:
        yield f"There is no flagging by hand in {folder} to take back."
    for each in found:
        yield f"taken back: {flag_changes.undo(each).text} ({shown(each)})"
    if found:
        yield _IN_WINDOWS


def picture(folder: Path) -> Dict[str, str]:
    """Return the MIME bundle of a picture of a cleaning: its convergence, its residuals and the masks drawn on them."""
    found = mask_records.read(folder)
    return {"image/svg+xml": sheet(folder, found), "text/plain": summary(found)}


def export(folder: Path) -> str:
    """Return a script that makes the flaggings of a record, or of all records in a folder that hold, again.

    Of masks, it is one that cleans as they were drawn.
    """
    if (folder / mask_records.STEPS).is_file():
        return script.script(folder)
    return "\n".join(map(flag_script.script, _holding(folder) or flag_records.expanded(folder)))


def _holding(folder: Path) -> List[Path]:
    """Return the record in a folder, or those in a folder of records that were not taken back."""
    found = flag_records.expanded(folder)
    return found if found == [folder] else [each for each in found if not flag_records.read(each).undone]


def folders(folder: Path, of_masks: bool = True) -> List[str]:
    """Return the names of all records in a folder, and of the folders that those of flaggings are in.

    Args:
        folder: where they are.
        of_masks: those of masks, too.
    """
    names = masks(folder) if of_masks else []
    for vis in flag_changes.tables(folder):
        names.append(shown(flag_records.folder_of(vis)))
        names += [shown(each) for each in flag_records.listed(vis)]
    return names


def masks(folder: Path) -> List[str]:
    """Return the names of the records of masks in a folder."""
    return [shown(each) for each in _of_masks(folder)]


def _of_masks(folder: Path) -> List[Path]:
    return sorted(each for each in folder.glob(f"*{mask_records.ENDING}") if (each / mask_records.STEPS).is_file())
