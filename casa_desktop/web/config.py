"""Settings that an administrator can make for the Jupyter server, as traitlets.

In ``jupyter_server_config.py``::

    c.CasaDesktop.geometry = "1920x1080"
"""

from __future__ import annotations

import os

from traitlets import Bool, Float, Int, Unicode, default
from traitlets.config import Configurable

from ..runtime.settings import Settings, settings_from
from ..views.clipboard import Ways
from ..views.share_links import MOST_MINUTES


class CasaDesktop(Configurable):
    """Settings for the desktops that this server starts."""

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
    opengl = Bool(
        False,
        config=True,
        help="Let programs on the desktop use OpenGL, drawn by the processor. Default False, because it takes about "
        "50 MB more for each desktop and CASA's own tools do not use it. Set it for programs that need it.",
    )
    idle_minutes = Float(
        0.0,
        config=True,
        help="Stop a desktop after so many minutes in which no browser showed it, nobody used its keyboard or mouse, "
        "no kernel ran a cell and no program ran in its terminals. Fractions are allowed. Default 0: never, because "
        "windows and what is unsaved in them go with the desktop. Set it where many users share a machine.",
    )
    lifetime_minutes = Float(
        0.0,
        config=True,
        help="End a desktop so many minutes after its start, used or not. Default 0: never, because windows and what "
        "is unsaved in them go with the desktop. Set it where machines must be free again.",
    )
    most_desktops = Int(
        0,
        min=0,
        config=True,
        help="How many desktops of this server's user may run at a time. Default 0: any number. Set it where "
        "many users share a machine.",
    )
    start_timeout = Float(
        20.0,
        config=True,
        help="How long the start of a desktop may take, in seconds. Default 20; about 0.2 is usual. Raise it on "
        "machines under heavy load.",
    )
    share_minutes = Int(
        MOST_MINUTES,
        min=0,
        max=MOST_MINUTES,
        config=True,
        help="The longest life of a link by which others may look at a desktop, in minutes. Default 1440, a day, which "
        "is also the most. Shorten it where links are passed on too freely; 0 forbids them.",
    )

    share_views = Int(
        20,
        min=1,
        config=True,
        help="How many views may follow one link at a time. Default 20. Raise it for lectures; each view that does its "
        "worst takes up to some percent of a processor from the server.",
    )

    clipboard_in = Bool(
        True,
        config=True,
        help="Let views carry texts from the browser's clipboard to the desktop's. Default True. Switch it off where "
        "nothing from outside may be pasted.",
    )

    clipboard_out = Bool(
        True,
        config=True,
        help="Let views carry texts from the desktop's clipboard to the browser's. Default True. Switch it off where "
        "nothing may be copied out.",
    )

    uploads = Bool(
        True,
        config=True,
        help="Let files be dropped on a desktop, and uploaded in JupyterLab. Default True. Saving notebooks and texts "
        "goes on without.",
    )

    downloads = Bool(
        True,
        config=True,
        help="Let files be downloaded: by Jupyter's addresses 'files/' and 'nbconvert/', snapshots of a desktop, and "
        "results of jobs. Default True.",
    )

    sharing = Bool(
        True,
        config=True,
        help="Let users make links by which others may look at a desktop, and follow them. Default True. To forbid new "
        "links only, set share_minutes to 0.",
    )

    audit = Bool(
        False,
        config=True,
        help="Write a line to the server's log for each view, link and command: who, from where, what. Default False. "
        "Give the logger 'casa-desktop.audit' handlers (c.ServerApp.logging_config) to have the lines elsewhere.",
    )

    @default("idle_minutes")
    def _idle_minutes_of_the_environment(self) -> float:
        return settings_from(os.environ).idle_minutes

    @default("lifetime_minutes")
    def _lifetime_minutes_of_the_environment(self) -> float:
        return settings_from(os.environ).lifetime_minutes

    @default("most_desktops")
    def _most_desktops_of_the_environment(self) -> int:
        return settings_from(os.environ).most_desktops

    @property
    def ways(self) -> Ways:
        """The ways that the clipboard is open."""
        return Ways(into=self.clipboard_in, out=self.clipboard_out)

    @property
    def lacks(self) -> list[str]:
        """What is switched off, as the page calls it (``view/host.ts``)."""
        switches = {
            "clipboard-in": self.clipboard_in,
            "clipboard-out": self.clipboard_out,
            "uploads": self.uploads,
            "downloads": self.downloads,
            "shares": self.sharing and self.share_minutes >= 1,
        }
        return [name for name, is_on in switches.items() if not is_on]

    def settings(self) -> Settings:
        """Return the settings in the desktop's own form.

        Raises:
            InvalidSetting: a setting is out of range.
        """
        return Settings(
            geometry=self.geometry,
            frame_rate=self.frame_rate,
            dpi=self.dpi,
            tools_python=self.tools_python,
            opengl=self.opengl,
            idle_minutes=self.idle_minutes,
            lifetime_minutes=self.lifetime_minutes,
            most_desktops=self.most_desktops,
        )
