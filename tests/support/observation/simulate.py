"""Simulates a small observation in the working folder and makes a dirty image of it, in a few seconds.

The test suite runs it in a process of its own. The result is ``sim.ms`` and ``dirty.image``.
"""

from __future__ import annotations

import shutil

from casatasks import simobserve, tclean
from casatools import componentlist

CENTRE = "J2000 19h59m28.5s +40d44m01.5s"
CORNER = "J2000 19h59m29.2s +40d44m05.5s"


def sky(path: str) -> None:
    """Write a component list: a Gaussian of 1 Jy, and a point source of 0.3 Jy beside it."""
    components = componentlist()
    shape = {"shape": "Gaussian", "majoraxis": "4arcsec", "minoraxis": "2arcsec", "positionangle": "30deg"}
    components.addcomponent(flux=1.0, fluxunit="Jy", dir=CENTRE, freq="230GHz", **shape)
    components.addcomponent(flux=0.3, fluxunit="Jy", dir=CORNER, freq="230GHz", shape="point")
    components.rename(path)
    components.done()


def observe(project: str, array: str, seconds: int, **settings: object) -> None:
    """Observe the component list ``sky.cl``; the result is ``PROJECT.ms``.

    Args:
        project: the name of the result.
        array: the configuration of the antennas.
        seconds: the length of the observation.
        settings: further parameters of simobserve.
    """
    simobserve(
        project=project,
        complist="sky.cl",
        compwidth="2GHz",
        direction=CENTRE,
        incenter="230GHz",
        obsmode="int",
        antennalist=f"{array}.cfg",
        totaltime=f"{seconds}s",
        integration="30s",
        mapsize="20arcsec",
        setpointings=True,
        thermalnoise="",
        graphics="none",
        **settings,
    )
    shutil.move(f"{project}/{project}.{array}.ms", f"{project}.ms")


if __name__ == "__main__":
    sky("sky.cl")
    observe("sim", "alma.cycle1.1", 600)
    tclean(vis="sim.ms", imagename="dirty", imsize=128, cell="0.4arcsec", specmode="mfs", niter=0)
