"""Read the pixels of an image as they are in its file now.

CASA's own tools in the process that cleans may give the pixels that they read before another process changed them (seen
in casatools 6.7.0), and take ten times as long.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Tuple

if TYPE_CHECKING:
    import numpy

    Pixels = numpy.ndarray[Any, Any]

_COLUMN = "map"


class NotTiled(Exception):
    """An image is stored in another way than those that CASA makes."""


def read(path: Path, managers: Mapping[str, Any], big_endian: bool) -> Pixels:
    """Return an image's pixels, float32, of the shape that CASA's image tool tells.

    Args:
        path: the image.
        managers: what ``table.getdminfo`` tells of it.
        big_endian: what ``table.endianformat`` tells of it.

    Raises:
        NotTiled: it is not stored as CASA stores images.
        OSError: it cannot be read.
    """
    import numpy

    number, cube, tile = _layout(managers)
    file = path / f"table.f{number}_TSM0"
    grid = tuple(-(-length // side) for length, side in zip(cube, tile))
    count = int(numpy.prod(grid)) * int(numpy.prod(tile))
    if file.stat().st_size != 4 * count:
        raise NotTiled(f"{file} has {os.stat(file).st_size} bytes, and not {4 * count}")
    data = numpy.fromfile(file, numpy.dtype(">f4" if big_endian else "<f4"))
    # The first axis is the fastest, of the tiles and within one; numpy's last axis is. Between a tile's number along an
    # axis and the place within the tile stand those of the other axes.
    axes = len(cube)
    data = data.reshape((*grid[::-1], *tile[::-1]))
    order = [each for axis in range(axes) for each in (axis, axes + axis)]
    whole = data.transpose(order).reshape([side * times for side, times in zip(tile[::-1], grid[::-1])])
    pixels: Pixels = whole[tuple(slice(length) for length in cube[::-1])].T
    return pixels


def _layout(managers: Mapping[str, Any]) -> Tuple[int, Tuple[int, ...], Tuple[int, ...]]:
    """Return the number of the file, the image's shape, and a tile's."""
    for manager in managers.values():
        if _COLUMN in list(manager["COLUMNS"]):
            cubes = manager["SPEC"].get("HYPERCUBES", {})
            if manager["TYPE"] not in ("TiledCellStMan", "TiledShapeStMan") or len(cubes) != 1:
                raise NotTiled(f"its data manager is {manager['TYPE']}")
            (only,) = cubes.values()
            shape, tile = (tuple(int(each) for each in only[name]) for name in ("CubeShape", "TileShape"))
            # A TiledShapeStMan adds an axis for the rows, of which there is one.
            if manager["TYPE"] == "TiledShapeStMan" and shape[-1:] == (1,):
                shape, tile = shape[:-1], tile[:-1]
            return int(manager["SPEC"]["SEQNR"]), shape, tile
    raise NotTiled("it has no pixels")


def mask(pixels: Pixels) -> Pixels:
    """Return a mask's pixels as uint8 if all are 0 or 1, which takes a quarter of the memory; else as they are."""
    import numpy

    marked = pixels != 0
    # A NaN is not 0 and not 1.
    whole = numpy.count_nonzero(marked) == numpy.count_nonzero(pixels == 1)
    return marked.view(numpy.uint8) if whole else pixels
