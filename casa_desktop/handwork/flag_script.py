"""A script that makes a flagging again in plain CASA: commands of flagdata, or bits written with the table tool."""

from __future__ import annotations

import base64
import textwrap
from pathlib import Path

from .flag_records import BITS, FlagRecord, read, read_bits

# A list of more rows is no easier to read than bits.
_MOST_ROWS = 5000
_COMMANDS = """\
from casatasks import flagdata
from casatools import table

commands = [
{commands}
]
flagdata(vis, mode="list", inpfile=commands, flagbackup=False)

# flagdata leaves FLAG_ROW as it is.
tb = table()
tb.open(vis, nomodify=False)
try:
    if tb.nrows() != {rows}:
        raise SystemExit(f"{{vis}} has other rows than the MeasurementSet that was flagged.")
    for value, rows in ((True, {flagged}), (False, {unflagged})):
        for row in rows:
            tb.putcell("FLAG_ROW", row, value)
finally:
    tb.close()
"""
# It says what it needs in the words of numpy and of casatools only.
_BITS = '''\
import base64
import io

import numpy
from casatools import table

bits = numpy.load(io.BytesIO(base64.b64decode("""
{data}
""")))
tb = table()
tb.open(vis, nomodify=False)
try:
    for name in ("TIME", "ANTENNA1", "ANTENNA2", "DATA_DESC_ID"):
        column = tb.getcol(name)
        if len(column) != {rows} or not numpy.array_equal(column[bits["rows"]], bits[name]):
            raise SystemExit(f"The rows of {{vis}} are not those that were flagged: {{name}} differs.")
    for number in range(1, {groups} + 1):
        rows, shape = bits[f"{{number}}.rows"], tuple(bits[f"{{number}}.shape"])
        masks = {{}}
        for name in ("flagged", "unflagged"):
            mask = numpy.unpackbits(bits[f"{{number}}.{{name}}"])[: numpy.prod(shape)]
            masks[name] = mask.reshape(shape).astype(bool)
        for index, row in enumerate(rows):
            flags = tb.getcell("FLAG", int(row)) | masks["flagged"][index].T
            tb.putcell("FLAG", int(row), flags & ~masks["unflagged"][index].T)
    for name, value in (("row_flagged", True), ("row_unflagged", False)):
        for row in bits[name]:
            tb.putcell("FLAG_ROW", int(row), value)
finally:
    tb.close()
'''


def script(folder: Path, vis: str = "") -> str:
    """Return a script that does what the record in a folder did; its table is named at its head.

    Args:
        folder: of the record.
        vis: the table; by default, the one that was flagged.

    Raises:
        HandworkMissing, HandworkOfOtherFormat, HandworkDamaged: as ``flag_records.read``.
    """
    record = read(folder)
    change, _ = read_bits(folder)
    head = f"# {record.text}, by hand in {record.task} at {record.made}; kept in {folder}.\n"
    head += f"vis = {vis or record.vis!r}\n\n"
    rows = [each.tolist() for each in (change.row_flagged, change.row_unflagged)]
    if record.commands and sum(map(len, rows)) <= _MOST_ROWS:
        lines = "\n".join(f'    "{each}",' for each in record.commands)
        return head + _COMMANDS.format(commands=lines, rows=record.rows, flagged=rows[0], unflagged=rows[1])
    return head + _with_bits(folder, record, len(change.groups))


def _with_bits(folder: Path, record: FlagRecord, groups: int) -> str:
    data = base64.b64encode((folder / BITS).read_bytes()).decode()
    return _BITS.format(
        data="\n".join(textwrap.wrap(data, 110)),
        rows=record.rows,
        groups=groups,
    )
