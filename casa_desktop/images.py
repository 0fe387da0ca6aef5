"""Images as homes of kernels: which engine has one, and what is inside. Each is run once, to be asked."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Mapping, Tuple

from . import __version__
from .containers import Container, Place, run_command
from .errors import EngineMissing, ImageUnusable, UnusablePython
from .foreign import Python, checked_casa, examine, last_words
from .xserver import PROGRAMS

# In the order in which they are looked for.
OCI = ("podman", "docker")
SIF = ("apptainer", "singularity")
SANDBOX = ("bwrap",)
_PACKAGES = {OCI: "podman", SIF: "apptainer", SANDBOX: "bubblewrap"}
# The first run of an image may have to unpack it, or to map its files to another user: minutes on a slow disk.
_PATIENCE = 300.0


def engine_for(image: str, kind: Tuple[str, ...], wanted: str = "") -> str:
    """Return the engine that is to run an image: of those on PATH, the first that has it, else the first.

    Args:
        image: its name or path; empty for a sandbox.
        kind: ``OCI``, ``SIF`` or ``SANDBOX``.
        wanted: the only one that will do.

    Raises:
        EngineMissing: none of them is on PATH.
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
    """See to it that the image is there; pull it, with its progress on standard error, if it is not.

    Raises:
        ImageUnusable: it is not there, and cannot be had.
    """
    if container.engine in SIF and not Path(container.image).exists():
        raise ImageUnusable(container.label, "there is no such file")
    if container.engine not in OCI or _has(container.engine, container.image):
        return
    print(f"{container.image} is not on this machine; {container.engine} pulls it.", file=sys.stderr, flush=True)
    words = [container.engine, "pull", container.image]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as pull:
        assert pull.stdout is not None
        # Progress is redrawn without ends of lines, so it is passed on as it comes.
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
    """Run the container's Python once; return what it says of itself.

    Raises:
        ImageUnusable: it cannot be run, or casa-desktop in it is missing or of another version than this one.
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
    """Return why a container's casa-desktop cannot be used from here; nothing if it can."""
    inside = found.versions.get("casa-desktop")
    if not inside:
        return f"there is no casa-desktop for its {container.python!r}; the image needs 'pip install casa-desktop'"
    if not found.imports_ours:
        return f"its casa-desktop {inside} is incomplete, or too old to be run from outside"
    if not compatible(inside, __version__):
        return f"it has casa-desktop {inside}, which does not go with {__version__} on this machine"
    return ""


def look_for_casa(container: Container, environ: Mapping[str, str]) -> Python:
    """Run the container's Python once, as ``look_inside``; return what it says of itself if CASA is in it.

    Raises:
        ImageUnusable: as ``look_inside``; also without CASA.
    """
    found = look_inside(container, environ)
    try:
        return checked_casa(found, container.python)
    except UnusablePython as error:
        raise ImageUnusable(
            container.label, f"there are no casatools and casatasks for its {error.python!r}"
        ) from error


def look_for_x_server(container: Container, environ: Mapping[str, str]) -> Python:
    """Run the container's Python once, as ``look_inside``; return what it says of itself if an X server is there.

    Raises:
        ImageUnusable: as ``look_inside``; also without an X server.
    """
    found = look_inside(container, environ)
    if not found.x_server:
        looked = " and ".join(PROGRAMS)
        reason = f"it has no X server (looked on its PATH for {looked}); add tigervnc-standalone-server to it"
        raise ImageUnusable(container.label, reason)
    return found


def compatible(one: str, other: str) -> bool:
    """Tell whether two versions of casa-desktop understand each other: the third number counts corrections."""
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
    """Return what keeps a container from being run, as far as it is seen without running it; else nothing."""
    if shutil.which(container.engine) is None:
        return f"there is no {container.engine} on PATH"
    is_file = container.engine in SIF
    return f"there is no file {container.image}" if is_file and not Path(container.image).exists() else ""
