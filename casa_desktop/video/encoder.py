"""Encodes pictures with FFmpeg, through PyAV. The only importer of PyAV, which is an extra.

PyAV rather than pixelflux: it encodes what it is handed, when it is handed it, so that a slow reader slows it down,
while pixelflux takes pictures of the screen at a rate of its own. It needs none of a desktop's libraries, and one wheel
holds for all Pythons from 3.11 on. Its frames are smaller and take longer (``docs/how-it-works.md``). The wheels of
both contain x264, which is under the GPL; so neither is a dependency of this project, which is under the BSD licence,
and ``casa-desktop[video]`` asks pip for it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Tuple

import av
from av.video.reformatter import ColorRange, Colorspace

from .codecs import BT601, BT709, CODECS, RATE
from .pixels import PIXEL

# What swscale calls the colours that a stream has by its number of ITU-T H.273.
_COLOURS = {BT709: Colorspace.ITU709, BT601: Colorspace.ITU601}


class Encoder:
    """One stream of an area's pictures.

    Args:
        codec: one of ``CODECS``.
        level: the step of the ladder of qualities.
        width: in pixels, as the height.

    Raises:
        av.error.FFmpegError: this FFmpeg has no such encoder.
    """

    def __init__(self, codec: str, level: int, width: int, height: int) -> None:
        described = CODECS[codec]
        context: Any = av.CodecContext.create(described.encoder, "w")
        context.width, context.height = width, height
        context.pix_fmt = "yuv420p"
        context.time_base = Fraction(1, RATE)
        context.framerate = RATE
        context.colorspace = context.color_primaries = context.color_trc = described.colours
        context.color_range = int(ColorRange.MPEG)
        # More threads would take the processors that CASA works on, and each would hold a frame back.
        context.thread_count = 1
        context.options = described.settings(level, width * height)
        self._context, self._colours = context, _COLOURS[described.colours]
        self._frame: Any = av.VideoFrame(width, height, "bgr0")
        # The picture's own memory. Its rows may be longer than the pixels': each begins at a multiple of some bytes.
        self._stride = int(self._frame.planes[0].line_size)
        self._rows = memoryview(self._frame.planes[0]).cast("B")
        self._number = 0
        context.open()

    def encode(self, pixels: bytearray) -> Tuple[bytes, bool]:
        """Return a picture as a frame, and whether it needs none before it.

        Args:
            pixels: ``PIXEL`` bytes each, row by row.
        """
        size, given = PIXEL * self._frame.width, memoryview(pixels)
        for row in range(self._frame.height):
            self._rows[row * self._stride : row * self._stride + size] = given[row * size : (row + 1) * size]
        frame = self._frame.reformat(format="yuv420p", dst_colorspace=self._colours, dst_color_range=ColorRange.MPEG)
        frame.pts = self._number
        self._number += 1
        packets = self._context.encode(frame)
        return b"".join(map(bytes, packets)), any(each.is_keyframe for each in packets)
