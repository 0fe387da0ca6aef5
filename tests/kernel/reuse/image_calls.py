"""Calls of the tasks that make images and work on them, in an order in which each has what it needs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

CUBE = "line.image"
MASK = "'mask.image'>0.5"


def prepare() -> None:
    """Write the small files that the calls name."""
    from casatools import vpmanager

    shutil.copytree("line.ms", "my.ms")
    Path("my.crtf").write_text("#CRTFv0\nbox [[10pix, 10pix], [40pix, 40pix]]\n")
    Path("images").mkdir()
    # An image that is not the mosaic's own, and is called as if it were.
    shutil.copytree("dirty.image", "tt.smooth.image")
    shutil.copytree("line.pb", "mask.image")
    for suffix in ("psf", "residual", "sumwt"):
        shutil.copytree(f"dirty.{suffix}", f"dirt.{suffix}")
    tool = vpmanager()
    tool.setpbairy(dishdiam="7m", blockagediam="0.75m")
    tool.saveastable("my.vp")


def make(do: Any) -> None:
    """Make the calls.

    Args:
        do: its attributes are the tasks.
    """
    _clean(do)
    _combine(do)
    _reshape(do)
    _measure(do)
    _convert(do)


def _clean(do: Any) -> None:
    shared = {"imsize": 64, "cell": "1arcsec", "datacolumn": "data"}
    cube = {"vis": "my.ms", "imagename": "images/my", "niter": 5, "specmode": "cube", **shared}
    do.tclean(**cube)
    do.tclean(calcpsf=False, calcres=False, pbcor=True, **cube)
    taylor = {"vis": "my.ms", "imagename": "tt", "deconvolver": "mtmfs", "nterms": 3, "gridder": "mosaic", **shared}
    do.tclean(niter=3, savemodel="modelcolumn", pbcor=True, **taylor)
    mosaic = {"gridder": "mosaic", "weighting": "briggs", "savemodel": "virtual", "mask": "my.crtf", "pbcor": True}
    do.tclean(vis="my.ms", imagename="mosaic", niter=3, **mosaic, **shared)
    automatic = {"usemask": "auto-multithresh", "startmodel": "mosaic.model"}
    do.tclean(vis=["my.ms", "line.ms"], imagename="auto", niter=3, **automatic, **shared)
    do.tclean(vis="my.ms", imagename="tt2", niter=2, mask="mosaic.mask", vptable="my.vp", **shared)
    do.tclean(niter=0, calcpsf=False, calcres=False, **taylor)
    do.deconvolve(imagename="images/my", niter=3)
    do.deconvolve(imagename="tt", niter=3, deconvolver="mtmfs", nterms=3, nsigma=0.1)
    do.deconvolve(imagename="dirt", niter=2, startmodel="dirty.model", mask="dirty.pb")
    do.deconvolve(imagename="mosaic", niter=2, usemask="auto-multithresh")


def _combine(do: Any) -> None:
    do.impbcor(imagename=CUBE, pbimage="line.pb", outfile="my.pbcor", region="my.crtf", mask=MASK)
    do.immath(imagename=[CUBE, "line.residual"], expr="IM0+IM1", outfile="my.sum", region="my.crtf")
    do.immath(imagename=[], expr="'line.image'*2", outfile="my.double", mask=MASK, imagemd="line.pb")
    smooth = {"major": "20arcsec", "minor": "20arcsec", "pa": "0deg"}
    do.imsmooth(imagename=CUBE, outfile="my.smooth.image", region="my.crtf", mask=MASK, **smooth)
    do.imsmooth(imagename=CUBE, outfile="my.kernel.image", kernel="image", kimage="line.psf", scale=1.0)
    do.imsmooth(imagename="dirty.image", outfile="low.image", **smooth)
    do.specsmooth(imagename="my.kernel.image", outfile="my.spec", axis=3, region="my.crtf", mask=MASK)
    do.feather(imagename="my.feather", highres="dirty.image", lowres="low.image")
    do.imcontsub(imagename=CUBE, linefile="my.line", contfile="my.cont", region="my.crtf")


def _reshape(do: Any) -> None:
    selected = {"imagename": CUBE, "region": "my.crtf", "mask": MASK}
    do.imregrid(imagename=CUBE, template="dirty.image", output="my.regrid", axes=[0, 1])
    do.imregrid(imagename=CUBE, template="get")
    do.imsubimage(outfile="my.sub", **selected)
    do.imsubimage(imagename=CUBE, outfile="my.sub", chans="0~3", overwrite=True)
    do.imcollapse(function="mean", axes=[3], outfile="my.mean", **selected)
    do.imrebin(factor=[2, 2], outfile="my.rebin", **selected)
    do.imdev(outfile="my.dev", grid=[8, 8], xlength="8pix", ylength="8pix", interp="linear", **selected)
    do.immoments(moments=[0], outfile="my.moment", **selected)
    do.immoments(imagename=CUBE, moments=[0, 1], outfile="my.moments")
    do.imtrans(imagename=CUBE, order="3012", outfile="my.trans")
    do.imreframe(imagename=CUBE, output="my.reframe", outframe="topo")
    do.imreframe(imagename="my.trans", output="", outframe="bary")
    do.impv(imagename=CUBE, start=[10, 10], end=[50, 50], outfile="my.pv", mask=MASK)


def _measure(do: Any) -> None:
    outputs = {name: f"fit.{name}" for name in ("residual", "model", "logfile", "newestimates", "complist", "summary")}
    box = "52,52,76,76"
    do.imfit(imagename="dirty.image", box=box, mask="'dirty.pb'>0.1", **outputs)
    do.imfit(imagename="dirty.image", box=box, estimates="fit.newestimates", logfile="fit.logfile")
    do.imfit(imagename="dirty.image", region="my.crtf")
    do.imstat(imagename=CUBE, mask=MASK, region="my.crtf")
    do.imstat(imagename=CUBE, logfile="stat.log")
    do.imstat(imagename=CUBE, logfile="stat.log", append=False)
    do.imval(imagename=CUBE, region="my.crtf")
    do.imhead(imagename="my.sub", mode="list")
    do.imhead(imagename="my.sub", mode="put", hdkey="object", hdvalue="Cygnus")
    do.imhistory(imagename="my.sub")
    do.imhistory(imagename="my.sub", mode="append", message="seen")


def _convert(do: Any) -> None:
    do.exportfits(imagename=CUBE, fitsimage="my.fits")
    do.exportfits(imagename="dirty.image", fitsimage="my.fits", overwrite=True)
    do.importfits(fitsimage="my.fits", imagename="my.imported")
    axes = {"defaultaxes": True, "defaultaxesvalues": ["", "", "", "I"]}
    do.importfits(fitsimage="my.fits", imagename="my.imported", overwrite=True, **axes)
    do.listfits(fitsfile="my.fits")
