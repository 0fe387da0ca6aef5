"""What an administrator may set for the Jupyter server, as traitlets.

In ``jupyter_server_config.py``::

    c.CasaDesktop.geometry = "1920x1080"
"""

from __future__ import annotations

from traitlets import Float, Int, Unicode
from traitlets.config import Configurable

from .commands import Settings


class CasaDesktop(Configurable):
    """Choices for the desktops that this server starts."""

    geometry = Unicode(
        "1600x900",
        config=True,
        help="First size of a desktop in pixels, WIDTHxHEIGHT. Default 1600x900. A page resizes the desktop "
        "to its own size, so change it only for desktops that are used without one.",
    )
    frame_rate = Int(
        240,
        config=True,
        help="The most updates per second that the X server sends. Default 240. Lower it where many desktops "
        "share few cores; it sets the floor of the latency.",
    )
    dpi = Int(96, config=True, help="Dots per inch that programs see. Default 96. Raise it for larger text.")
    tools_python = Unicode(
        "",
        config=True,
        help="The Python whose CASA tools the desktop's menu starts. Default: the server's own. Set it where "
        "CASA lives in another Python.",
    )
    start_timeout = Float(
        20.0,
        config=True,
        help="How long the start of a desktop may take, in seconds. Default 20; about 0.2 is usual. Raise it on "
        "machines under heavy load.",
    )

    def settings(self) -> Settings:
        """Return the choices as the desktop knows them.

        Raises:
            InvalidSetting: one of them is out of range.
        """
        return Settings(
            geometry=self.geometry,
            frame_rate=self.frame_rate,
            dpi=self.dpi,
            tools_python=self.tools_python,
        )
