"""CASA's releases with the wheels of their time, each for a Python that it was made for; and what installs them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import List, Sequence, Tuple

from . import debian_root

# Where to keep the releases for another run, a gigabyte each, and the roots in which some run.
KEPT = os.environ.get("CASA_DESKTOP_TEST_RELEASES")
# What a root has for a kernel and its tests, beside the least that a Debian is.
_PACKAGES = (
    *("python3", "python3-venv", "python3-tk", "tigervnc-standalone-server", "icewm", "xterm", "fonts-dejavu-core"),
    *("fontconfig", "libglib2.0-0", "libuuid1", "bubblewrap", "passt", "ca-certificates", "procps", "strace", "xclip"),
    "openmpi-bin",
)


def pythons(version: str) -> List[str]:
    """Return the interpreters of a version, on PATH and in pyenv's folder, that can be run."""
    folders = [Path(folder) for folder in os.environ["PATH"].split(":")]
    folders += sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions").glob(f"{version}.*/bin"))
    names = [str(folder / f"python{version}") for folder in folders if (folder / f"python{version}").exists()]
    # A shim of pyenv's is there even where its Python is not in use.
    return [name for name in names if subprocess.run([name, "--version"], capture_output=True).returncode == 0]


@dataclass(frozen=True)
class Release:
    """One release of CASA, with the wheels of its time.

    Attributes:
        casa: its version.
        python: the Python.
        wheels: the tools, and what else must be of its time.
        leave: tests of what the release does not have.
        debian: the release of Debian in a root of which it runs, with that Debian's own Python; by default on this
            machine as it is.
    """

    casa: str
    python: str
    wheels: Tuple[str, ...]
    leave: Tuple[str, ...] = ()
    debian: str = ""

    def __str__(self) -> str:
        return f"CASA {self.casa}, Python {self.python}" + (f", Debian's {self.debian}" if self.debian else "")

    def enter(self, folder: Path) -> List[str]:
        """Return the words before a command line that have it run where the release does.

        Args:
            folder: where a root is made, unless it is there.
        """
        if not self.debian:
            return []
        return debian_root.within(debian_root.make(folder / f"debian-{self.debian}", self.debian, _PACKAGES))

    def why_not(self) -> str:
        """Say why this machine cannot run the release, or nothing."""
        if self.debian:
            return "" if os.getuid() == 0 else "only root can enter another root"
        return "" if pythons(self.python) else f"there is no Python {self.python} here"

    def install(self, folder: Path, *more: str, enter: Sequence[str] = ()) -> Path:
        """Make a virtual environment in ``folder`` with the release, and ``more`` beside it; return its Python.

        Args:
            folder: the environment's.
            more: what else pip installs.
            enter: what ``enter`` has returned.

        Raises:
            subprocess.CalledProcessError: pip failed.
        """
        python = folder / "bin" / "python"
        own = [f"{name}=={self.casa}" for name in ("casatools", "casatasks", "casashell")]
        maker = f"/usr/bin/python{self.python}" if self.debian else pythons(self.python)[0]
        for command in (
            [maker, "-m", "venv", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", "casadata", "six", *own, *self.wheels, *more],
        ):
            subprocess.run([*enter, *command], check=True)
        return python


NEWEST = ("casaviewer==2.4.4", "casaplotms==2.9.1", "casalogger==1.0.24", "casatablebrowser", "casafeather")

RELEASES = (
    # A process of one's own finds no measures data there, and crashes; the task deconvolve was not yet. Open MPI's own
    # files are among what tclean opens there.
    # mstransform asks numpy for its int, which numpy 1.24 has no longer.
    # tclean's nmajor and the log's name in casasiteconfig.py came later; Python 3.8 has no os.pidfd_open, and pip
    # does not come to an end with nbconvert there. A script of handwork needs deconvolve, which in 6.5 does no mtmfs
    # ("terms").
    Release(
        "6.4.4.31",
        "3.8",
        ("casaviewer==1.5.2", "casaplotms==1.7.3", "casalogger==1.0.15", "casadata==2022.9.5", "numpy<1.24"),
        (
            *("tells_its_cycles", "user_named", "that_was_killed", "executed_notebook", "deconvolve"),
            *("another_process", "tclean-image_calls-0", "tclean-image_calls-1", "simanalyze-data_calls"),
            *("plain_casa", "whole_history", "scripts_of_a_cleaning", "script_of_a_replayed"),
        ),
    ),
    Release(
        "6.5.6.22",
        "3.8",
        ("casaviewer==1.9.1", "casaplotms==2.2.4", "casalogger==1.0.17"),
        ("user_named", "that_was_killed", "executed_notebook", "terms"),
    ),
    Release(
        "6.6.0.20",
        "3.10",
        ("casaviewer==2.0.1", "casaplotms==2.3.4", "casalogger==1.0.17", "numpy<2", "matplotlib<3.8"),
        ("user_named",),
    ),
    Release("6.6.5.31", "3.10", (*NEWEST, "numpy<2.4")),
    Release("6.7.0.31", "3.11", (*NEWEST, "numpy<2.4")),
    Release("6.7.5.18", "3.12", (*NEWEST, "numpy<2.4")),
    Release("6.7.6.14", "3.13", (*NEWEST, "numpy<2.4")),
    Release("6.7.6.14", "3.13", (*NEWEST, "numpy<2.4"), debian="trixie"),
)
