"""A whole reduction, a task a cell, as an astronomer writes it."""

from __future__ import annotations

from typing import List, Sequence, Tuple

from .notebook import Cell, Notebook

SOLVE = "refant='0', minsnr=0"


def steps(vis: str = "line.ms", niter: int = 20) -> Tuple[str, ...]:
    """Return the calls, whose names are tasks of ``from casatasks import *``.

    Args:
        vis: a MeasurementSet of several channels.
        niter: of ``tclean``, which is in the middle.
    """
    return (
        f"split(vis='{vis}', outputvis='cal.ms', datacolumn='data')",
        "flagdata(vis='cal.ms', antenna='2')",
        "setjy(vis='cal.ms', standard='manual', fluxdensity=[1, 0, 0, 0], usescratch=True)",
        f"gaincal(vis='cal.ms', caltable='cal.G', {SOLVE})",
        f"bandpass(vis='cal.ms', caltable='cal.B', gaintable=['cal.G'], {SOLVE})",
        "applycal(vis='cal.ms', gaintable=['cal.G', 'cal.B'], calwt=[False])",
        "split(vis='cal.ms', outputvis='corrected.ms', datacolumn='corrected')",
        "uvcontsub(vis='corrected.ms', outputvis='contsub.ms', fitorder=0)",
        f"tclean(vis='contsub.ms', imagename='clean', imsize=64, cell='1arcsec', niter={niter})",
        "imsmooth(imagename='clean.image', outfile='smooth.image', kernel='gauss', major='5arcsec', minor='5arcsec', "
        "pa='0deg', targetres=False)",
        "immath(imagename=['clean.image'], expr='IM0*2', outfile='twice.image')",
        "exportfits(imagename='twice.image', fitsimage='twice.fits')",
        "imstat(imagename='twice.image')",
    )


def play(kernel: Notebook, calls: Sequence[str]) -> List[Cell]:
    """Make each call in a cell of its own, and print what it returns; fail at the first that fails."""
    cells = []
    for call in calls:
        cell = kernel.run(f"result = {call}; print(repr(result))", timeout=120)
        assert cell.error is None, (cell.error, kernel.run("%casa_reuse why").text)
        cells.append(cell)
    return cells
