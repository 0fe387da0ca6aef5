"""Find the engine for an image, and examine the image by running its Python once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Tuple

from ..errors import EngineMissing, ImageUnusable
from ..system.output import last_words
from .container import Container

# In the order in which they are searched.
OCI = ("podman", "docker")
SIF = ("apptainer", "singularity")
SANDBOX = ("bwrap",)
_PACKAGES = {OCI: "podman", SIF: "apptainer", SANDBOX: "bubblewrap"}


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


def trouble(container: Container) -> str:
    """Return why a container cannot run, as far as can be checked without running it; empty if nothing is found."""
    if shutil.which(container.engine) is None:
        return f"there is no {container.engine} on PATH"
    is_file = container.engine in SIF
    return f"there is no file {container.image}" if is_file and not Path(container.image).exists() else ""
