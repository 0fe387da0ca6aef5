"""Makes ``cube.image``: a spectral cube whose channels bear their numbers. ``python cube.py``, in the working folder.

512 x 512 pixels and 32 channels: eight Gaussian sources that move from channel to channel, on noise of a tenth of the
brightest. The number stands in five blocks in the upper left corner, as dark (1) and bright (0).
"""

from __future__ import annotations

import numpy as np

SIDE, CHANNELS = 512, 32
BITS, BLOCK = 5, 32


def main() -> None:
    """Write it."""
    from casatools import coordsys, image

    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    random = np.random.default_rng(5)
    starts, speeds = random.uniform(0, SIDE, (8, 2)), random.uniform(-3, 3, (8, 2))
    heights, widths = random.uniform(0.3, 1.0, 8), random.uniform(4, 30, 8)
    cube = np.empty((SIDE, SIDE, 1, CHANNELS), np.float32)
    for channel in range(CHANNELS):
        plane = 0.1 * random.normal(size=(SIDE, SIDE))
        for start, speed, height, width in zip(starts, speeds, heights, widths):
            at = (start + channel * speed) % SIDE
            plane += height * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * width**2))
        plane = np.clip(plane, -0.3, 1)
        for bit in range(BITS):
            plane[-BLOCK:, bit * BLOCK : (bit + 1) * BLOCK] = -0.3 if channel >> bit & 1 else 1.0
        cube[:, :, 0, channel] = plane.T
    axes = coordsys().newcoordsys(direction=True, stokes=["I"], spectral=True)
    made = image()
    made.fromarray("cube.image", cube, csys=axes.torecord(), log=False)
    made.done()


if __name__ == "__main__":
    main()
