"""What the notebooks do, and how long it usually takes."""

from __future__ import annotations

from typing import Mapping

from .plan import Work

_CLEAN = 'tclean(vis="sim.ms", imagename=NAME, imsize=128, cell="0.4arcsec", niter=20'
CELLS: Mapping[Work, str] = {
    Work.LISTOBS: 'listobs("sim.ms")',
    Work.IMVIEW: 'imview("dirty.image")',
    Work.PLOTMS: 'plotms("sim.ms", xaxis="uvdist", yaxis="amp")',
    Work.LIVE_VIEWER: 'viewer("dirty.image", gui=True)',
    Work.LIVE_PLOTMS: 'plotms("sim.ms", gui=True)',
    Work.CLEAN: f"{_CLEAN})",
    Work.INTERACTIVE: f"{_CLEAN}, interactive=True)",
    Work.LOGGER: "casalogger(gui=True)",
}
# In seconds, with the tool not yet running.
USUAL: Mapping[Work, float] = {
    Work.LISTOBS: 0.1,
    Work.IMVIEW: 0.4,
    Work.PLOTMS: 0.9,
    Work.LIVE_VIEWER: 0.6,
    Work.LIVE_PLOTMS: 1.0,
    Work.CLEAN: 0.8,
    Work.INTERACTIVE: 3.5,
    Work.LOGGER: 0.5,
    Work.SCREENSHOT: 0.2,
}
# What the title of its window holds.
TITLES: Mapping[Work, str] = {
    Work.LIVE_VIEWER: "Viewer Display Panel",
    Work.LIVE_PLOTMS: "PlotMS",
    Work.INTERACTIVE: "Viewer Display Panel",
    Work.LOGGER: "Log Messages",
}
# A process with all of the kernel's descriptors, as native code makes one. It may hang before it runs any Python: it
# waits for a thread that it does not have. So the parent gives it a group of its own, which Jupyter leaves alone.
FORK = """
import ctypes, os
libc = ctypes.PyDLL(None)
daemon = libc.fork()
if daemon == 0:
    libc.sleep(1000)
    os._exit(0)
os.setpgid(daemon, daemon)
print(daemon)
"""
# The names of the images that tclean writes begin with this.
CLEANED = "cleaned-"


def cell(work: Work, name: str) -> str:
    """Return the cell of a work; ``name`` is a fresh one for its images."""
    return CELLS[work].replace("NAME", repr(CLEANED + name))
