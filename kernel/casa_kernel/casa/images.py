"""Properties of an image or a MeasurementSet that decide whether casaviewer can show it.

casaviewer does not report to its client that it cannot show what it has loaded: only the status line of its window has
the reason, and without a window there is none (casaviewer 1.5 to 2.4).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from ..checks.tables import writer_of
from . import tables
from .imports import Casa


@dataclass(frozen=True)
class Image:
    """An image.

    Attributes:
        path: its path.
        shape: its pixels along each axis.
        names: its axes' names; those of plain FITS files are empty.
        pixels: the type of its pixels: float, double, complex or dcomplex.
    """

    path: Path
    shape: Tuple[int, ...]
    names: Tuple[str, ...]
    pixels: str

    @property
    def has_plane(self) -> bool:
        """Whether it has at least two axes, so that casaviewer can draw planes of it."""
        return len(self.shape) > 1

    @property
    def is_double(self) -> bool:
        """Whether casaviewer refuses its pixels. Those of FITS files become floats when they are read."""
        return self.pixels in ("double", "dcomplex")

    def order(self, axes: Sequence[str] = ()) -> List[int]:
        """Return the numbers of the axes as casaviewer shows them: along x, along y, stepped through, and the others.

        It takes the first two that are longer than one pixel, and steps through the last. Each axis that is named for
        x, y or z is exchanged with the one in that position (seen with casaviewer 2.4.4).

        Args:
            axes: the names for x, y and z, or some of them; an empty string where none was chosen.
        """
        long = [number for number, length in enumerate(self.shape) if length > 1]
        short = [number for number, length in enumerate(self.shape) if length == 1]
        found = [*long[:2], *long[2:][-1:], *long[2:-1], *short]
        for place, name in enumerate(axes):
            if name in self.names and place < len(found):
                other = found.index(self.names.index(name))
                found[place], found[other] = found[other], found[place]
        return found

    def plane(self, axes: Sequence[str] = ()) -> Tuple[int, int]:
        """Return the lengths of the two axes of a plane, in pixels."""
        first, second = self.order(axes)[:2]
        return self.shape[first], self.shape[second]

    def channels(self, axes: Sequence[str] = ()) -> int:
        """Return the number of planes to step through."""
        return self.shape[self.order(axes)[2]] if len(self.shape) > 2 else 1


def named(axes: Any) -> List[str]:
    """Return the names for x, y and z in imview's parameter ``axes``, which is a list or a dictionary."""
    if isinstance(axes, dict):
        axes = [axes.get(name) for name in "xyz"]
    return [each if isinstance(each, str) else "" for each in (axes or ())[:3]] if isinstance(axes, list) else []


def look(casa: Casa, path: Path) -> Optional[Image]:
    """Return the properties of the image at ``path``; None where reading them would wait for a lock, or fails."""
    if writer_of(path) is not None:
        return None
    # The call that draws it will report the reason.
    with suppress(RuntimeError), tables.image(casa, path) as tool:
        return describe(tool, path)
    return None


def describe(tool: Any, path: Path) -> Image:
    """Return the properties of the image that a tool of casatools has open."""
    names = tool.coordsys().names()
    return Image(path, tuple(map(int, tool.shape())), tuple(map(str, names)), str(tool.pixeltype()))


def lacks_data(casa: Casa, path: Path) -> bool:
    """Return whether a MeasurementSet has no column that casaviewer draws; casaviewer ends on such data (2.4)."""
    # The call that draws it will report the reason.
    with suppress(RuntimeError), tables.table(casa, path) as table:
        return not {"DATA", "FLOAT_DATA"}.intersection(table.colnames())
    return False


def why_not_shown(casa: Casa, path: Path) -> str:
    """Return why casaviewer shows nothing of a MeasurementSet, as a clause; empty where it is not known.

    It draws a raster of all rows, and so needs spectral windows of the same shape (MSAsRaster of casaviewer 2.4).
    """

    def values(column: str, subtable: str) -> List[int]:
        with tables.table(casa, path / subtable) as table:
            return sorted(set(map(int, table.getcol(column))))

    try:
        with tables.table(casa, path) as table:
            if not table.nrows():
                return "it has no rows"
        channels, correlations = values("NUM_CHAN", "SPECTRAL_WINDOW"), values("NUM_CORR", "POLARIZATION")
    except RuntimeError:
        return ""
    for lengths, what in ((channels, "channels"), (correlations, "correlations")):
        if len(lengths) > 1:
            numbers = f"{', '.join(map(str, lengths[:-1]))} and {lengths[-1]}"
            return (
                f"its spectral windows differ in shape ({numbers} {what}), and casaviewer shows a MeasurementSet only "
                "where all are alike. Take those out that are, for instance with split(vis, outputvis, spw='0', "
                "datacolumn='data'), and show that"
            )
    return ""


def storage(casa: Casa, path: Path) -> Tuple[Mapping[str, Any], bool, Tuple[str, ...]]:
    """Return how an image is stored: its data managers, and whether it is big-endian; and the names of its axes.

    Raises:
        RuntimeError: CASA cannot read it.
    """
    table, image = casa.names["table"](), casa.names["image"]()
    try:
        table.open(str(path))
        managers, endian = table.getdminfo(), table.endianformat()
        image.open(str(path))
        coordinates = image.coordsys()
        axes = tuple(map(str, coordinates.names()))
        coordinates.done()
        return managers, endian == "big", axes
    finally:
        image.done()
        table.done()


def shape_of(casa: Casa, path: Path) -> Optional[Tuple[int, ...]]:
    """Return the shape of an image; None if there is none, or CASA cannot read it."""
    if not path.is_dir():
        return None
    image = casa.names["image"]()
    with suppress(RuntimeError):
        image.open(str(path))
        shape = tuple(int(each) for each in image.shape())
        image.done()
        return shape
    return None
