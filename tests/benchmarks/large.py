"""Makes ``large.ms``, a MeasurementSet of a given size, in the working folder: ``python large.py MEGABYTES``.

256 channels of two correlations are simulated for ten minutes, and appended again and again, each time a little later.
It is as a telescope delivers one: the column of visibilities takes nearly all of the size.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support" / "observation"))

CHANNELS = 256
MINUTES = 10


def main(megabytes: int) -> None:
    """Write it."""
    from casatasks import split
    from casatools import table
    from simulate import observe, sky

    sky("sky.cl")
    observe("simulated", "alma.cycle1.1", 60 * MINUTES, comp_nchan=CHANNELS)
    for name in ("part.ms", "large.ms"):
        # Without the columns for a model and for corrected data, which simobserve makes.
        split("simulated.ms", name, datacolumn="data")
    part, large = table(), table()
    part.open("part.ms")
    large.open("large.ms", nomodify=False)
    rows = part.nrows()
    # The tool returns complex numbers of 16 bytes, and the table has them of 8.
    size = rows * part.getcell("DATA", 0).size * 8
    times = part.getcol("TIME"), part.getcol("TIME_CENTROID")
    for number in range(1, max(round(megabytes * 1e6 / size), 1)):
        part.copyrows("large.ms", nrow=rows)
        for name, values in zip(("TIME", "TIME_CENTROID"), times):
            large.putcol(name, values + number * 60 * MINUTES, startrow=number * rows)
    large.close()
    part.close()
    for name in ("sky.cl", "simulated", "simulated.ms", "simulated.ms.flagversions", "part.ms", "part.ms.flagversions"):
        shutil.rmtree(name, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
