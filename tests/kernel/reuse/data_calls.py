"""Calls of the tasks that work on MeasurementSets, in an order in which each has what it needs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

CENTRE = "J2000 19h59m28.6s +40d44m01.5s"


def prepare() -> None:
    """Write the small files that the calls name."""
    from casatools import ctsys

    shutil.copytree("line.ms", "my.ms")
    Path("my.flags").write_text("antenna='1' reason='slow'\n")
    shutil.copy(ctsys.resolve("alma/simmos/aca.cycle1.cfg"), "my.cfg")
    Path("my.crtf").write_text("#CRTFv0\nbox [[100pix, 100pix], [140pix, 140pix]]\n")
    shutil.copy(ctsys.resolve("alma/simmos/aca.tp.cfg"), "my.sd.cfg")
    Path("my.pointings").write_text(
        "#Epoch     RA          DEC      TIME(optional)\nJ2000 19:59:28.5 +40.44.01.5 10.0\n"
    )
    Path("two.callib").write_text("caltable='two.G' calwt=F\n")
    _observe_two()
    Path("my.callib").write_text("caltable='line.bandpass' calwt=F tinterp='nearest'\n")


def _observe_two() -> None:
    """Simulate ``two.ms``: two sources seen by five antennas in all four correlations."""
    import numpy as np
    from casatools import measures, simulator, table

    simulation, place = simulator(), measures().observatory("VLA")
    simulation.open("two.ms")
    east, north, up = np.array([0, 300, -200, 500, -400]), np.array([0, 200, 400, -300, -100]), np.zeros(5)
    simulation.setconfig(
        telescopename="VLA", x=east, y=north, z=up, dishdiameter=[25.0] * 5, mount=["alt-az"] * 5,
        antname=list("ABCDE"), coordsystem="local", referencelocation=place,
    )  # fmt: skip
    channels = {"freq": "1.4GHz", "deltafreq": "1MHz", "freqresolution": "1MHz", "nchannels": 4}
    simulation.setspwindow(spwname="L", stokes="RR RL LR LL", **channels)
    simulation.setfeed("perfect R L")
    simulation.settimes("30s", True, measures().epoch("UTC", "2020/01/01"))
    for name, right_ascension, begin, end in (("3C286", "13h31m08", -600, -300), ("other", "14h00m00", -300, 0)):
        simulation.setfield(name, measures().direction("J2000", right_ascension, "+30d30m33"))
        simulation.observe(name, "L", starttime=f"{begin}s", stoptime=f"{end}s")
    simulation.close()
    tool = table()
    tool.open("two.ms", nomodify=False)
    noise = np.random.default_rng(1).normal(size=tool.getcol("DATA").shape)
    tool.putcol("DATA", np.array([1, 0, 0, 1])[:, None, None] + 0.01 * noise)
    tool.close()


def make(do: Any) -> None:
    """Make the calls.

    Args:
        do: its attributes are the tasks.
    """
    _look(do)
    _flag(do)
    _calibrate(do)
    _change(do)
    _rewrite(do)
    _simulate(do)


def _look(do: Any) -> None:
    do.listobs(vis="my.ms")
    do.listobs(vis="my.ms", listfile="my.list")
    do.listhistory(vis="my.ms")
    do.listcal(vis="my.ms", caltable="line.bandpass", listfile="my.cal.list")
    do.vishead(vis="my.ms")
    do.visstat(vis="my.ms", datacolumn="data")
    do.flagdata(vis="my.ms", mode="summary")
    do.flagmanager(vis="my.ms", mode="list")
    do.plotants(vis="my.ms", figfile="antennas.png", showgui=False)
    do.calstat(caltable="line.bandpass", datacolumn="CPARAM")
    do.uvmodelfit(vis="my.ms")
    do.uvmodelfit(vis="my.ms", comptype="G", sourcepar=[1, 0, 0, 5, 1, 0], outfile="my.fit.cl")


def _flag(do: Any) -> None:
    do.flagdata(vis="my.ms", antenna="2")
    do.flagdata(vis="my.ms", antenna="2", action="calculate")
    do.flagdata(vis="my.ms", mode="unflag", flagbackup=False)
    do.flagdata(vis="my.ms", mode="list", inpfile="my.flags", flagbackup=False, savepars=True, outfile="my.saved")
    clip = {"clipminmax": [0, 99], "datacolumn": "data", "savepars": True, "flagbackup": False}
    do.flagdata(vis="my.ms", mode="clip", **clip)
    do.flagdata(vis="my.ms", mode="clip", action="calculate", **clip)
    do.flagcmd(vis="my.ms", inpmode="list", inpfile="my.flags", action="apply")
    do.flagcmd(vis="my.ms", inpmode="table", action="list", useapplied=True)
    commands = {"inpmode": "list", "inpfile": ["antenna='1'"], "action": "list", "savepars": True}
    do.flagcmd(vis="my.ms", outfile="my.commands", **commands)
    do.flagcmd(vis="my.ms", **commands)
    do.flagcmd(vis="my.ms", inpmode="table", action="clear", clearall=True)
    do.flagmanager(vis="my.ms", mode="save", versionname="first")
    do.flagmanager(vis="my.ms", mode="rename", oldname="first", versionname="second")
    do.flagmanager(vis="my.ms", mode="restore", versionname="second")
    do.flagmanager(vis="my.ms", mode="delete", versionname="second")
    do.flagdata(vis="my.ms", mode="unflag")


def _calibrate(do: Any) -> None:
    do.ft(vis="my.ms", model="line.model", usescratch=True)
    manual = {"standard": "manual", "fluxdensity": [1, 0, 0, 0]}
    do.setjy(vis="my.ms", usescratch=True, **manual)
    do.setjy(vis="my.ms", usescratch=False, **manual)
    do.delmod(vis="my.ms")
    do.ft(vis="my.ms", complist="sky.cl", usescratch=True)
    do.gencal(vis="my.ms", caltable="my.amp", caltype="amp", parameter=[1.1])
    solve = {"vis": "my.ms", "refant": "0", "minsnr": 0}
    library = {"docallib": True, "callib": "my.callib"}
    do.gaincal(caltable="my.G", gaintable=["line.bandpass"], **solve)
    do.gaincal(caltable="my.G", append=True, **solve)
    do.gaincal(caltable="my.G2", **library, **solve)
    do.bandpass(caltable="my.B", gaintable=["my.G", "my.amp"], **solve)
    do.bandpass(caltable="my.B", append=True, **library, **solve)
    two = {"vis": "two.ms", "refant": "0", "minsnr": 0}
    do.setjy(vis="two.ms", field="3C286", standard="Perley-Butler 2017", model="dirty.image", usescratch=True)
    do.setjy(vis="two.ms", field="3C286", standard="Perley-Butler 2017", model="3C286_L.im", usescratch=True)
    do.setjy(vis="two.ms", field="other", usescratch=True, **manual)
    do.gaincal(caltable="two.G", **two)
    do.polcal(caltable="two.D", poltype="D", gaintable=["two.G"], **two)
    do.polcal(caltable="two.D", poltype="D", append=True, docallib=True, callib="two.callib", **two)
    flux = {"vis": "two.ms", "caltable": "two.G", "fluxtable": "two.flux", "reference": "3C286"}
    do.fluxscale(listfile="two.fluxes", **flux)
    do.fluxscale(append=True, **flux)
    do.blcal(vis="my.ms", caltable="my.M", gaintable=["my.G"])
    do.smoothcal(vis="my.ms", tablein="my.G", caltable="my.smooth")
    do.rerefant(vis="my.ms", tablein="my.G", caltable="my.ref", refant="1")


def _change(do: Any) -> None:
    do.applycal(vis="my.ms", gaintable=["my.G", "my.B"], calwt=[False])
    do.applycal(vis="my.ms", docallib=True, callib="my.callib", flagbackup=False)
    do.statwt(vis="my.ms", datacolumn="data")
    do.uvsub(vis="my.ms")
    do.clearcal(vis="my.ms")
    do.initweights(vis="my.ms")
    do.vishead(vis="my.ms", mode="put", hdkey="observer", hdvalue="Jansky")


def _rewrite(do: Any) -> None:
    do.split(vis="my.ms", outputvis="my.split.ms", datacolumn="data", spw="0:0~3")
    do.mstransform(vis="my.ms", outputvis="my.transform.ms", datacolumn="data", chanaverage=True, chanbin=2)
    do.mstransform(vis="my.ms", outputvis="my.library.ms", datacolumn="data", docallib=True, callib="my.callib")
    do.cvel2(vis="my.ms", outputvis="my.cvel.ms", datacolumn="data")
    do.hanningsmooth(vis="my.ms", outputvis="my.hanning.ms", datacolumn="data")
    do.uvcontsub(vis="my.ms", outputvis="my.contsub.ms", datacolumn="data", fitorder=1)
    do.phaseshift(vis="my.ms", outputvis="my.shift.ms", phasecenter=CENTRE)
    do.fixvis(vis="my.ms", outputvis="my.fix.ms", phasecenter=CENTRE)
    do.fixvis(vis="my.split.ms", phasecenter=CENTRE, datacolumn="data")
    do.conjugatevis(vis="my.split.ms", outputvis="my.conjugate.ms")
    do.concat(vis=["my.shift.ms", "my.fix.ms"], concatvis="my.concat.ms")
    do.concat(vis=["my.cvel.ms"], concatvis="my.concat.ms")
    do.exportuvfits(vis="my.ms", fitsfile="my.uvfits", datacolumn="data")
    do.importuvfits(fitsfile="my.uvfits", vis="my.import.ms")


def _simulate(do: Any) -> None:
    settings = {"obsmode": "int", "totaltime": "300s", "integration": "30s", "mapsize": "20arcsec", "graphics": "none"}
    do.simobserve(project="sky", skymodel="dirty.image", antennalist="my.cfg", thermalnoise="tsys-atm", **settings)
    sources = {"complist": "sky.cl", "direction": CENTRE, "incenter": "230GHz", "compwidth": "2GHz"}
    do.simobserve(project="parts", antennalist="aca.cycle1.cfg", thermalnoise="", **sources, **settings)
    do.simobserve(project="parts", antennalist="alma.cycle1.1.cfg", thermalnoise="", **sources, **settings)
    pointings = {"setpointings": False, "ptgfile": "my.pointings"}
    do.simobserve(project="points", skymodel="dirty.image", antennalist="my.cfg", **pointings, **settings)
    single = {"obsmode": "sd", "sdantlist": "my.sd.cfg"}
    do.simobserve(project="dish", skymodel="line.image", thermalnoise="", **{**settings, **single})
    images = {"imsize": [32, 32], "cell": "1arcsec", "graphics": "none"}
    do.simanalyze(project="parts", vis="parts.aca.cycle1.ms", niter=3, logfile="parts.log", **images)
    do.simanalyze(project="parts", vis="my.ms", mask="my.crtf", **images)
    show = {"image": False, "analyze": True, "graphics": "file"}
    do.simanalyze(project="parts", imagename="parts.aca.cycle1", skymodel="dirty.image", **show)
