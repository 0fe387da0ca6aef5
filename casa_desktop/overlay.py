"""What another Python lacks to run a CASA kernel, in a folder of its own; that Python itself is left as it is.

The kernelspec puts the folder on PYTHONPATH. It holds casa-desktop's two packages, copied from this installation, and
those packages that pip adds when it is told of everything the other Python has already: CASA's numpy or protobuf are
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

from . import __version__
from .errors import OverlayFailed
from .foreign import Python, examine, last_words, neutral, site_packages

# Runs a program in the environment that a Python which is a shell script sets up for itself.
_EXEC = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"
_NOT_FOR_A_KERNEL = ("__pycache__", "labextension", "static", "demo")


def build(python: str, found: Python, folder: Path, environ: Mapping[str, str]) -> None:
    """Fill ``folder`` with what the Python lacks, in place of what was there.

    Takes some 20 s when pip has something to install, and well below 1 s otherwise.

    Raises:
        OverlayFailed: pip or the Python failed, the folder cannot be written, or the result cannot be used.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside its place, so that it gets there in one step.
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
        # casa_kernel has no __init__, and may so be in several folders; ours is the first.
        source = next(iter(spec.submodule_search_locations or ())) if spec else ""
        shutil.copytree(source, packages / name, ignore=shutil.ignore_patterns(*_NOT_FOR_A_KERNEL))
    # By this file alone the copy is a distribution, which has a version.
    told = packages / f"casa_desktop-{__version__}.dist-info"
    told.mkdir()
    text = metadata.distribution("casa-desktop").read_text("METADATA") or ""
    (told / "METADATA").write_text(text, encoding="utf-8")


def _install(python: str, found: Python, work: Path, packages: Path, environ: Mapping[str, str]) -> None:
    """Have pip install what is lacking, and move what it brought to ``packages``."""
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
    # Lines that begin with import are run (module site): the other Python's own .pth files are followed, too.
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
    """Look whether the Python finds them by PYTHONPATH; a script in its place could hide the variable from it."""
    found = examine([python], {**neutral(environ), "PYTHONPATH": str(packages)})
    lacking = [*found.lacking(), *([] if found.has_ours else ["casa-desktop"])]
    if lacking:
        raise OverlayFailed(python, f"it does not see what PYTHONPATH names, and lacks {', '.join(lacking)}")
