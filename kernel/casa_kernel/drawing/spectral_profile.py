"""Draw the profile of an image that has a single axis, such as a spectrum: casaviewer draws only planes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Mapping, Tuple

from ..casa import tables
from ..casa.imports import Casa
from ..errors import BadParameter

# The viewer's formats that matplotlib can write.
FORMATS = ("png", "jpg", "pdf", "ps", "eps")
_LARGE_UNITS = {"Hz": (1e9, "GHz")}


def output_of(task: str, given: Mapping[str, Any], parameter: str) -> Tuple[str, str]:
    """Return the file that a call of a viewer task is to write, and its format; two empty strings if there is none.

    Raises:
        BadParameter: matplotlib does not write that format.
    """
    wanted = given.get(parameter) or ""
    entries = wanted if isinstance(wanted, dict) else {"file": wanted}
    file = str(entries.get("file", ""))
    # The file's ending takes precedence, as in casaviewer.
    ending = os.path.splitext(file)[1][1:].lower()
    words = (ending, entries.get("format"), given.get("outformat", "jpg"))
    kind = next((str(each) for each in words if each in FORMATS), "") if file else ""
    if file and not kind:
        raise BadParameter(task, f"{parameter} names {file}; a profile is written as {', '.join(FORMATS)}.")
    return file, kind


def draw(casa: Casa, path: Path, file: str, kind: str) -> None:
    """Draw the profile of the image at ``path`` with pyplot, and write it into ``file`` if that is not empty."""
    # Imported here, because these imports are slow.
    import numpy
    from matplotlib import pyplot

    with tables.image(casa, path) as tool:
        values, mask = tool.getchunk(), tool.getchunk(getmask=True)
        system, unit = tool.coordsys(), tool.brightnessunit()
        places = system.toworldmany(numpy.arange(len(values), dtype=float).reshape(1, -1))["numeric"][0]
        name, axis_unit = system.names()[0] or "pixel", system.units()[0]
    factor, axis_unit = _LARGE_UNITS.get(axis_unit, (1.0, axis_unit))
    shown = numpy.abs(values) if numpy.iscomplexobj(values) else values
    pyplot.figure()
    pyplot.plot(places / factor, numpy.where(mask, shown, numpy.nan), drawstyle="steps-mid", linewidth=1)
    pyplot.ticklabel_format(axis="x", useOffset=False)
    pyplot.xlabel(f"{name} ({axis_unit})" if axis_unit else name)
    pyplot.ylabel(f"{'Amplitude' if numpy.iscomplexobj(values) else 'Value'}{f' ({unit})' if unit else ''}")
    pyplot.title(path.name)
    if file:
        pyplot.savefig(file, format=kind)
