"""Other Pythons to put kernels into, made in a moment from this one and its packages."""

from __future__ import annotations

import os
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Iterable, List, Sequence

PACKAGES = Path(sysconfig.get_path("purelib"))
# What casa-desktop is installed as, editable or not, by the first letters of names in site-packages.
OURS = ("casa_desktop", "casa_kernel", "_editable_impl_casa_desktop", "__editable__.casa_desktop")
# What a kernel needs and no CASA brings, likewise; pip installs it in two seconds.
NOT_OF_CASA = (
    "_editable",
    "__editable",
    "casa_desktop",
    "inotify_simple",
    "ipykernel",
    "psutil",
    "python_xlib",
    "Xlib",
)


def bare(folder: Path) -> Path:
    """Make a virtual environment without any package; return its Python."""
    venv.EnvBuilder(symlinks=True).create(folder)
    return folder / "bin" / "python3"


def with_casa(folder: Path, *, but: Sequence[str] = ()) -> Path:
    """Make a virtual environment that has this one's packages; return its Python.

    Args:
        folder: where.
        but: leave out what begins so.
    """
    python = bare(folder)
    site = next(folder.glob("lib/python*/site-packages"))
    if not but:
        # addsitedir, so that casa-desktop is found where it is installed as editable.
        (site / "all.pth").write_text(f"import site; site.addsitedir({str(PACKAGES)!r})\n")
    for name in os.listdir(PACKAGES) if but else ():
        if not name.lower().startswith(tuple(each.lower() for each in but)):
            (site / name).symlink_to(PACKAGES / name)
    return python


def monolithic(folder: Path, python: Path) -> Path:
    """Make what stands for a monolithic CASA's ``bin/python3``: a script that sets a variable and becomes Python."""
    script = folder / "bin" / "python3"
    script.parent.mkdir(parents=True)
    script.write_text(f'#!/bin/sh\nexport MONOLITHIC=yes\nexec "{python}" "$@"\n')
    script.chmod(0o755)
    return script


def older_than_the_kernel() -> List[Path]:
    """Return the Pythons of this machine that are too old for the kernel."""
    return _of_minors((6, 7))


def of_kernels() -> List[Path]:
    """Return the Pythons of this machine in which a kernel can run."""
    return [Path(sys.executable), *_of_minors(range(8, 14))]


def _of_minors(minors: Iterable[int]) -> List[Path]:
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    return [path for minor in minors for path in sorted(root.glob(f"3.{minor}.*/bin/python3"))]


THIS = sys.executable
