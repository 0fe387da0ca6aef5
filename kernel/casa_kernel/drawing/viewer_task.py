"""The task ``viewer`` of CASA 4 and 5, for the casaviewer of CASA 6, which has only imview and msview."""

from __future__ import annotations

import os
from typing import Any, Callable, Optional

FORMATS = ("jpg", "png", "pdf", "eps", "ps", "xbm", "xpm", "ppm")


def make_viewer(client: Any) -> Callable[..., None]:
    """Return the task.

    Args:
        client: casaviewer's client module.
    """

    def viewer(
        infile: str = "",
        displaytype: str = "raster",
        channel: int = 0,
        zoom: int = 1,
        outfile: str = "",
        outscale: float = 1.0,
        outdpi: int = 300,
        outformat: str = "jpg",
        outlandscape: bool = False,
        gui: Optional[bool] = None,
    ) -> None:
        """viewer ---- View an image or visibility data

        Shows an image (CASA, FITS or Miriad) or a MeasurementSet with casaviewer, in the cell (headless) or in
        a window on the CASA Desktop (live).

        Parameters:
            infile: path of the image or MeasurementSet, or a LEL expression
            displaytype: 'raster', 'contour', 'vector', 'marker' or 'lel'
            channel: the channel of an image to show, from 0
            zoom: zoom level, from 1, which shows everything; 2 is twice as large
            outfile: also write the picture to this file
            outscale: scale of the picture, for formats that have pixels
            outdpi: resolution in dots per inch, for PostScript and PDF
            outformat: 'jpg', 'png', 'pdf', 'eps', 'ps', 'xbm', 'xpm' or 'ppm'
            outlandscape: turn the page, for PostScript and PDF
            gui: True opens a window, False draws into the cell, None leaves it to %casa_mode

        Examples:
            viewer('ngc5921.clean.image', channel=10)
            viewer('ngc5921.ms', gui=True)
            viewer("'a.image' - 'b.image'", 'lel', outfile='difference.png', outformat='png')
        """
        if outformat not in FORMATS:
            # The viewer would write a JPEG without a warning.
            raise ValueError(f"outformat is {outformat!r}, but should be one of {', '.join(FORMATS)}")
        live = bool(gui)
        # The viewer stays in this folder: restoring the former one after an interrupt would wait for the call that was
        # interrupted.
        client.cwd(os.getcwd(), live)
        panel = client.panel("viewer", live)
        if infile:
            client.load(os.fspath(infile), displaytype, panel=panel)
        elif live:
            client.popup("open", panel=panel)
        if channel > 0:
            client.channel(channel, panel=panel)
        if zoom != 1:
            client.zoom(zoom, panel=panel)
        if outfile:
            client.output(
                os.path.abspath(outfile),
                scale=float(outscale),
                dpi=outdpi,
                format=outformat,
                orientation="landscape" if outlandscape else "portrait",
                panel=panel,
            )
        if live:
            client.show(panel=panel)
        else:
            client.close(panel)

    return viewer
