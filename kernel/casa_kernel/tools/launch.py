"""Start the native tools that draw: with preferences, a display, a home and a log that suit them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Mapping, Optional

from . import appimages, home_folder, viewer_preferences, xvfb
from .children import Children
from .processes import Child, start


def cache(children: Children, name: str, live: bool) -> Path:
    """Return the folder of a tool's preferences, which are written anew; ``live``: for a tool with a window."""
    folder = children.private.path / f"{name}.{'live' if live else 'headless'}"
    viewer_preferences.write(folder, viewer_preferences.LIVE if live else viewer_preferences.HEADLESS)
    return folder


def launch(
    children: Children,
    name: str,
    display: Optional[Mapping[str, str]],
    *,
    data: str,
    log: str,
    cache: Path,
    here: bool,
    say: Callable[[str], None],
) -> Child:
    """Start a tool.

    Args:
        display: the variables that put its windows on a desktop; None for a tool without windows.
        data: the folder of CASA's run-time data.
        log: the log, as ``home_folder.logfile`` returns it.
        here: as for ``processes.start``.
        say: called with a message if the tool must first be unpacked.

    Raises:
        CasaDesktopError: it cannot be started; the error gives the reason.
    """
    program = appimages.ensure_extracted(appimages.find(name), say)
    argv = [str(program), *appimages.arguments(name, data, log, cache)]
    if display is None and not appimages.draws_offscreen(program):
        # It draws without a window, but not without an X server.
        display = xvfb.environment(children, name)
    env = appimages.environment(os.environ, display)
    env.update(home_folder.home(env, children.private.path))
    return start(children.private, name, argv, env, here=here)
