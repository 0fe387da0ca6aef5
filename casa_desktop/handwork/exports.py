"""The script of handwork of any kind."""

from __future__ import annotations

from pathlib import Path

from . import flag_records, flag_script, script


def export(folder: Path, vis: str = "") -> str:
    """Return the script of the record in a folder, of masks or of a flagging.

    Args:
        folder: the record's.
        vis: the MeasurementSet to flag; by default, the one that was flagged.

    Raises:
        HandworkMissing, HandworkOfOtherFormat, HandworkDamaged, HandworkNotExportable: of the record.
    """
    is_flagging = (folder / flag_records.FLAGS).exists()
    return flag_script.script(folder, vis) if is_flagging else script.script(folder)
