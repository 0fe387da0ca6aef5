"""Adds to the simulated observation in the working folder what the tasks that draw want to see, in a few seconds.

The result is ``line.ms`` of eight channels with flag commands and a weather table, its bandpass ``line.bandpass``,
and ``line.image``, a cube made of it.
"""

from __future__ import annotations

import numpy as np
from casatasks import bandpass, flagdata, tclean
from casatools import table
from simulate import observe

WEATHER = ("TEMPERATURE", "DEW_POINT", "WIND_SPEED", "WIND_DIRECTION", "PRESSURE", "REL_HUMIDITY")


def add_weather() -> None:
    """Add the weather of 20 moments, which simobserve does not make."""
    names = ("TIME", *WEATHER)
    column = {"valueType": "double", "option": 0, "maxlen": 0, "comment": "", "keywords": {}}
    tool = table()
    tool.open("line.ms")
    times = tool.getcol("TIME")
    tool.close()
    tool.create("line.ms/WEATHER", tabledesc=dict.fromkeys(names, column), nrow=20)
    values = (np.linspace(times.min(), times.max(), 20), 275.0, 265.0, 3.0, 1.0, 560.0, 20.0)
    for name, value in zip(names, values):
        tool.putcol(name, value + np.linspace(0, 1, 20))
    tool.close()


if __name__ == "__main__":
    observe("line", "aca.cycle1", 300, comp_nchan=8)
    bandpass(vis="line.ms", caltable="line.bandpass", solint="inf", bandtype="B", refant="0")
    for antenna in "03":
        flagdata("line.ms", mode="manual", antenna=antenna, savepars=True, action="apply")
    flagdata("line.ms", mode="unflag")
    add_weather()
    tclean(vis="line.ms", imagename="line", imsize=64, cell="1arcsec", specmode="cube", niter=0)
