"""Find the engine for an image, and examine the image by running its Python once."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Mapping, Tuple

from .. import __version__
from ..desktop.x_server_source import PROGRAMS
from ..errors import EngineMissing, ImageUnusable, UnusablePython
from ..kernels.probe import Python, checked_casa, examine, last_words
from .container import Container, Place, run_command

# In the order in which they are searched.
OCI = ("podman", "docker")
SIF = ("apptainer", "singularity")
SANDBOX = ("bwrap",)
_PACKAGES = {OCI: "podman", SIF: "apptainer", SANDBOX: "bubblewrap"}
# The first run of an image may unpack it, or map its files to another user: this takes minutes on a slow disk.
_PATIENCE = 300.0


def engine_for(image: str, kind: Tuple[str, ...], wanted: str = "") -> str:
    """Return the engine to run an image: the first one on PATH that has the image, else the first one on PATH.

    Args:
        image: name or path of the image; empty for a sandbox.
        kind: ``OCI``, ``SIF`` or ``SANDBOX``.
        wanted: the only acceptable engine; empty for any of the kind.

    Raises:
        EngineMissing: no such engine is on PATH.
    """
    names = (wanted,) if wanted else kind
    there = [name for name in names if shutil.which(name)]
    if not there:
        raise EngineMissing(names, _PACKAGES[kind])
    return next((name for name in there if kind is OCI and _has(name, image)), there[0])


def _has(engine: str, image: str) -> bool:
    words = [engine, "image", "inspect", image]
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def fetch(container: Container) -> None:
    """Pull the container's image if it is missing, with the progress on standard error.

    Raises:
        ImageUnusable: the image is missing and cannot be pulled.
    """
    if container.engine in SIF and not Path(container.image).exists():
        raise ImageUnusable(container.label, "there is no such file")
    if container.engine not in OCI or _has(container.engine, container.image):
        return
    print(f"{container.image} is not on this machine; {container.engine} pulls it.", file=sys.stderr, flush=True)
    words = [container.engine, "pull", container.image]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as pull:
        assert pull.stdout is not None
        # The progress is redrawn without line ends, so it is copied as it arrives.
        last = _pass_on(pull.stdout.fileno())
    if pull.returncode:
        raise ImageUnusable(container.label, f"it is not on this machine, and could not be pulled: {last}")


def _pass_on(source: int) -> str:
    """Copy a stream to standard error; return its last line."""
    tail = b""
    while True:
        chunk = os.read(source, 4096)
        if not chunk:
            return last_words(tail) or "it said nothing"
        sys.stderr.write(chunk.decode(errors="replace"))
        sys.stderr.flush()
        tail = (tail + chunk)[-4096:]


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
        found = examine(command.argv, command.env, named=container.python, timeout=_PATIENCE)
    except UnusablePython as error:
        raise ImageUnusable(container.label, f"running {container.python!r} in it failed: {error.reason}") from error
    said = _unfit(container, found)
    if said:
        raise ImageUnusable(container.label, said)
    return found


def _unfit(container: Container, found: Python) -> str:
    """Return why a container's casa-desktop cannot be used from here; empty if it can."""
    inside = found.versions.get("casa-desktop")
    if not inside:
        return f"there is no casa-desktop for its {container.python!r}; the image needs 'pip install casa-desktop'"
    if not found.imports_ours:
        return f"its casa-desktop {inside} is incomplete, or too old to be run from outside"
    if not compatible(inside, __version__):
        return f"it has casa-desktop {inside}, which does not go with {__version__} on this machine"
    return ""


def look_for_casa(container: Container, environ: Mapping[str, str]) -> Python:
    """Run the container's Python once, as ``look_inside``, and check that it has CASA; return its description.

    Raises:
        ImageUnusable: as ``look_inside``; also if CASA is missing.
    """
    found = look_inside(container, environ)
    try:
        return checked_casa(found, container.python)
    except UnusablePython as error:
        raise ImageUnusable(
            container.label, f"there are no casatools and casatasks for its {error.python!r}"
        ) from error


def look_for_x_server(container: Container, environ: Mapping[str, str]) -> Python:
    """Run the container's Python once, as ``look_inside``, and check for an X server; return the description.

    Raises:
        ImageUnusable: as ``look_inside``; also if there is no X server.
    """
    found = look_inside(container, environ)
    if not found.x_server:
        looked = " and ".join(PROGRAMS)
        reason = f"it has no X server (looked on its PATH for {looked}); add tigervnc-standalone-server to it"
        raise ImageUnusable(container.label, reason)
    return found


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


def trouble(container: Container) -> str:
    """Return why a container cannot run, as far as can be checked without running it; empty if nothing is found."""
    if shutil.which(container.engine) is None:
        return f"there is no {container.engine} on PATH"
    is_file = container.engine in SIF
    return f"there is no file {container.image}" if is_file and not Path(container.image).exists() else ""
