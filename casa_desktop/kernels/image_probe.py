"""Looks into images for a Python with casa-desktop, for CASA, for an X server. Each image is run once, to be asked."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Mapping

from .. import __version__
from ..containers.container import Container, Place, run_command
from ..errors import ImageUnusable, UnusablePython
from ..names import X_SERVERS
from .other_python import Python, checked_casa, examine

# The first run of an image may unpack it, or map its files to another user: this takes minutes on a slow disk.
_PATIENCE = 300.0


def look_inside(container: Container, environ: Mapping[str, str]) -> Python:
    """Run the container's Python once; return its description.

    Raises:
        ImageUnusable: it cannot be run, or casa-desktop in it is missing or has a version that is incompatible with
            this one.
    """
    command = run_command(
        container, [container.python], place=_bare_place(environ), name=f"casa-desktop-look-{os.getpid()}", passed={}
    )
    try:
        python = examine(command.argv, command.env, named=container.python, timeout=_PATIENCE)
    except UnusablePython as error:
        raise ImageUnusable(container.label, f"running {container.python!r} in it failed: {error.reason}") from error
    fault = _unfit(container, python)
    if fault:
        raise ImageUnusable(container.label, fault)
    return python


def _unfit(container: Container, python: Python) -> str:
    """Return why a container's casa-desktop cannot be used from here; empty if it can."""
    inside = python.versions.get("casa-desktop")
    if not inside:
        return f"there is no casa-desktop for its {container.python!r}; the image needs 'pip install casa-desktop'"
    if not python.imports_ours:
        return f"its casa-desktop {inside} is incomplete, or too old to run from outside"
    if not compatible(inside, __version__):
        return f"it has casa-desktop {inside}, which is not compatible with {__version__} on this machine"
    return ""


def look_for_casa(container: Container, environ: Mapping[str, str]) -> Python:
    """Run the container's Python once, as ``look_inside``, and check that it has CASA; return its description.

    Raises:
        ImageUnusable: as ``look_inside``; also if CASA is missing.
    """
    python = look_inside(container, environ)
    try:
        return checked_casa(python, container.python)
    except UnusablePython as error:
        raise ImageUnusable(
            container.label, f"there are no casatools and casatasks for its {error.python!r}"
        ) from error


def look_for_x_server(container: Container, environ: Mapping[str, str]) -> Python:
    """Run the container's Python once, as ``look_inside``, and check for an X server; return the description.

    Raises:
        ImageUnusable: as ``look_inside``; also if there is no X server.
    """
    python = look_inside(container, environ)
    if not python.x_server:
        looked = " and ".join(X_SERVERS)
        reason = f"it has no X server (looked on its PATH for {looked}); add tigervnc-standalone-server to it"
        raise ImageUnusable(container.label, reason)
    return python


def compatible(one: str, other: str) -> bool:
    """Return whether two versions of casa-desktop are compatible; the third number only counts corrections."""
    return one.split(".")[:2] == other.split(".")[:2]


def _bare_place(environ: Mapping[str, str]) -> Place:
    return Place(
        folders=(),
        cwd="/",
        home=str(Path.home()),
        uid=os.getuid(),
        gid=os.getgid(),
        groups=(),
        hostname=socket.gethostname(),
        environ=environ,
    )
