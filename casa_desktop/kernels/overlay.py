"""Installs what another Python lacks for a CASA kernel into a separate folder, and leaves that Python unchanged.

The kernelspec adds the folder to PYTHONPATH. It contains casa-desktop's two packages, copied from this installation,
and the packages that pip adds when it sees everything that the other Python already has. So CASA's numpy or protobuf is
never replaced.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata, util
from pathlib import Path
from typing import Mapping, Sequence

from .. import __version__
from ..errors import OverlayFailed
from ..system.output import last_words
from .other_python import Python, examine, neutral, site_packages

# Runs a program in the environment that a Python which is a shell script sets up for itself.
_EXEC = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"
_NOT_FOR_A_KERNEL = ("__pycache__", "labextension", "page", "demo")


def build(python: str, found: Python, folder: Path, environ: Mapping[str, str]) -> None:
    """Fill ``folder`` with what the Python lacks, and replace its earlier contents.

    Takes some 20 s if pip has something to install, and well below 1 s otherwise.

    Raises:
        OverlayFailed: pip or the Python failed, the folder cannot be written, or the result cannot be used.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # In the same parent folder, so that one rename puts the result in place.
        work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise OverlayFailed(python, f"{error.strerror}: {error.filename or folder.parent}") from error
    try:
        packages = work / "packages"
        packages.mkdir()
        _copy_ours(packages)
        _install(python, found, work, packages, environ)
        _verify(python, packages, environ)
        shutil.rmtree(folder, ignore_errors=True)
        packages.replace(folder)
    except OSError as error:
        raise OverlayFailed(python, f"{error.strerror}: {error.filename or folder}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _copy_ours(packages: Path) -> None:
    for name in ("casa_desktop", "casa_kernel"):
        spec = util.find_spec(name)
        # casa_kernel is a namespace package, which may be spread over several folders; ours is the first.
        source = next(iter(spec.submodule_search_locations or ())) if spec else ""
        shutil.copytree(source, packages / name, ignore=shutil.ignore_patterns(*_NOT_FOR_A_KERNEL))
    # This file alone makes the copy a distribution with a version.
    told = packages / f"casa_desktop-{__version__}.dist-info"
    told.mkdir()
    text = metadata.distribution("casa-desktop").read_text("METADATA") or ""
    (told / "METADATA").write_text(text, encoding="utf-8")


def _install(python: str, found: Python, work: Path, packages: Path, environ: Mapping[str, str]) -> None:
    """Let pip install what is lacking, and move the new packages to ``packages``."""
    lacking = found.lacking()
    if not lacking:
        return
    if not found.can_make_venv:
        package = f"python{found.version[0]}.{found.version[1]}-venv"
        raise OverlayFailed(python, f"it has no ensurepip, which Debian packs apart: 'apt install {package}'")
    print(f"Installing for {python}, into a folder of its own: {', '.join(lacking)}", file=sys.stderr, flush=True)
    venv = work / "venv"
    _run(python, [python, "-m", "venv", str(venv)], environ)
    site = site_packages(venv)
    # Python runs lines of a .pth file that begin with import (module site). This way it also reads the other Python's
    # .pth files.
    known = "".join(f"import site; site.addsitedir({folder!r})\n" for folder in found.folders)
    (site / "casa.pth").write_text(known, encoding="utf-8")
    before = set(os.listdir(site))
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    _run(python, [python, "-c", _EXEC, *pip, *lacking], environ)
    for name in set(os.listdir(site)) - before:
        shutil.move(str(site / name), str(packages / name))


def _run(python: str, argv: Sequence[str], environ: Mapping[str, str]) -> None:
    done = subprocess.run(
        argv,
        env=neutral(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        raise OverlayFailed(python, last_words(done.stdout) or "it ended without a word")


def _verify(python: str, packages: Path, environ: Mapping[str, str]) -> None:
    """Check that the Python finds the packages on PYTHONPATH; if it is a shell script, that may unset the variable."""
    found = examine([python], {**neutral(environ), "PYTHONPATH": str(packages)})
    lacking = [*found.lacking(), *([] if found.has_ours else ["casa-desktop"])]
    if lacking:
        raise OverlayFailed(python, f"it does not see what PYTHONPATH names, and lacks {', '.join(lacking)}")
