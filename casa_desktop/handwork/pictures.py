"""Pictures of residuals with the outlines of their masks, as parts of an SVG; nothing but numpy and zlib draws them."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, List, Optional

from .preview import BLANK, SIDE, Preview

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

_LINE = "#ff8c1a"
_NO_VALUE = "#dfe3e8"


@dataclass(frozen=True)
class Picture:
    """A residual with its mask.

    Attributes:
        width, height: in pixels of the picture, of which one may stand for many of the image.
        svg: what an ``<svg>`` of that view box contains.
    """

    width: int
    height: int
    svg: str


def picture(mask: Array, preview: Optional[Preview]) -> Picture:
    """Draw one plane of a mask, upon the residual if there is a picture of it.

    Args:
        mask: the plane, of the image's size; the first axis goes to the right, the second upwards.
        preview: the same plane of the residual.
    """
    small = _small(mask != 0)
    width, height = small.shape
    parts = [f'<rect width="{width}" height="{height}" fill="{_NO_VALUE}"/>']
    if preview is not None and preview.pixels.shape == small.shape:
        link = f"data:image/png;base64,{base64.b64encode(png(preview.pixels.T[::-1])).decode()}"
        look = "image-rendering:pixelated"
        parts.append(f'<image width="{width}" height="{height}" style="{look}" href="{link}"/>')
    line = f'fill="none" stroke="{_LINE}" stroke-width="1.5" vector-effect="non-scaling-stroke"'
    parts.append(f'<path d="{outline(small.T[::-1])}" {line}/>')
    return Picture(width, height, "".join(parts))


def _small(mask: Array) -> Array:
    """Return a mask of the size of a preview: a pixel is set if any of its block is."""
    import numpy

    size = -(-max(mask.shape) // SIDE)
    for axis in (0, 1):
        mask = numpy.logical_or.reduceat(mask, numpy.arange(0, mask.shape[axis], size), axis)
    return mask


def outline(mask: Array) -> str:
    """Return the path of SVG around the pixels that are set.

    Args:
        mask: the rows, from the top.
    """
    import numpy

    framed = numpy.pad(mask, 1)
    # Where a pixel differs from the one above, and from the one to the left.
    above = framed[1:, 1:-1] != framed[:-1, 1:-1]
    left = framed[1:-1, 1:] != framed[1:-1, :-1]
    lines = [f"M{start} {row}H{end}" for row, start, end in _runs(above)]
    return "".join(lines + [f"M{column} {start}V{end}" for column, start, end in _runs(left.T)])


def _runs(flags: Array) -> List[List[int]]:
    """Return the runs of true values: the row, where each begins, and where it has ended."""
    import numpy

    framed = numpy.pad(flags.astype(numpy.int8), ((0, 0), (1, 1)))
    change = numpy.diff(framed, axis=1)
    rows, starts = numpy.nonzero(change == 1)
    ends = numpy.nonzero(change == -1)[1]
    runs: List[List[int]] = numpy.stack([rows, starts, ends], axis=1).tolist()
    return runs


def png(levels: Array) -> bytes:
    """Return grey levels as a PNG, in which ``BLANK`` is transparent.

    Args:
        levels: uint8, the rows from the top.
    """
    height, width = levels.shape
    grey = b"".join(bytes([level] * 3) for level in range(256))
    rows = b"".join(b"\0" + row.tobytes() for row in levels)
    chunks = [
        # One byte a pixel, which is the number of its colour in the palette.
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", grey),
        (b"tRNS", bytes([0 if level == BLANK else 255 for level in range(1)])),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
