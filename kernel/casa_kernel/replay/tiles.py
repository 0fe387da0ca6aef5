"""Read the pixels of an image as they are in its file now.

CASA's own tools in the process that cleans may give the pixels that they read before another process changed them (seen
in casatools 6.7.0), and take ten times as long.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Tuple

if TYPE_CHECKING:
    import numpy

    Pixels = numpy.ndarray[Any, Any]

_COLUMN = "map"
# So many numbers are looked at a time, because the processor's cache holds them.
_PIECE = 1 << 16


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
    number, cube, tile = _layout(managers)
    return _whole(_mapped(path, number, cube, tile, big_endian), cube, tile)


def read_mask(path: Path, managers: Mapping[str, Any], big_endian: bool) -> Pixels:
    """Return a mask's pixels as ``read``; but as uint8 if all are 0 or 1, which takes a quarter of time and memory."""
    import numpy

    number, cube, tile = _layout(managers)
    data = _mapped(path, number, cube, tile, big_endian)
    marked, ones = numpy.empty(data.shape, bool), 0
    for start in range(0, data.size, _PIECE):
        part = slice(start, start + _PIECE)
        numpy.not_equal(data[part], 0, out=marked[part])
        ones += int(numpy.count_nonzero(data[part] == 1))
    # A NaN is not 0 and not 1.
    if numpy.count_nonzero(marked) != ones:
        return _whole(data, cube, tile)
    return _whole(marked.view(numpy.uint8), cube, tile)


def _mapped(path: Path, number: int, cube: Tuple[int, ...], tile: Tuple[int, ...], big_endian: bool) -> Pixels:
    """Return the numbers in an image's file, in their order."""
    import numpy

    file = path / f"table.f{number}_TSM0"
    count = math.prod(-(-length // side) * side for length, side in zip(cube, tile))
    size = file.stat().st_size
    if size != 4 * count:
        raise NotTiled(f"{file.name} of {path.name} has {size} bytes, and not {4 * count}")
    data: Pixels = numpy.memmap(file, numpy.dtype(">f4" if big_endian else "<f4"), "r").view(numpy.ndarray)
    return data


def _whole(data: Pixels, cube: Tuple[int, ...], tile: Tuple[int, ...]) -> Pixels:
    """Return a copy of an image of which there is one tile after the other."""
    import numpy

    grid = [-(-length // side) for length, side in zip(cube, tile)]
    axes = len(cube)
    # The first axis is the fastest, of the tiles and within one; numpy's last axis is. Between a tile's number along an
    # axis and the place within the tile stand those of the other axes.
    tiles = data.reshape((*grid[::-1], *tile[::-1]))
    order = [each for axis in range(axes) for each in (axis, axes + axis)]
    shape = [side * times for side, times in zip(tile[::-1], grid[::-1])]
    whole = tiles.transpose(order).reshape(shape)
    # An image of a single tile would be the file itself, which changes.
    whole = whole.copy() if numpy.may_share_memory(whole, data) else whole
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
