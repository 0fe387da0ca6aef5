"""What scripts make of nothing but CASA, made once for all workers and later runs, and copied."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Mapping

# Beside the packages by which it is made: each release of CASA has an environment of its own.
KEPT = Path(sys.prefix, "share", "casa-desktop", "simulated-for-tests")
_MAKERS = ("casadata", "casatasks", "casatools", "numpy")


def make(script: Path, folder: Path, environment: Mapping[str, str], kept: Path = KEPT) -> None:
    """Have a script make in a folder what it makes there, unless that is kept of an earlier time: then copy it.

    Args:
        script: takes nothing but what scripts beside it have made in the folder before.
        folder: where it works.
        environment: the variables of its process.
        kept: where is kept what scripts have made.

    Raises:
        subprocess.CalledProcessError: the script failed. Nothing is kept then.
    """
    kept.mkdir(parents=True, exist_ok=True)
    whole = kept / f"{script.stem}-{_digest(script.parent)}"
    # Whichever worker comes first makes it, and the others wait.
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            subprocess.run([sys.executable, str(script)], cwd=folder, env=dict(environment), check=True, timeout=240)
            with tempfile.TemporaryDirectory(prefix="partial-", dir=kept) as partial:
                os.rename(shutil.copytree(folder, Path(partial, "whole")), whole)
            return
    for path in whole.iterdir():
        if not (folder / path.name).exists():
            (shutil.copytree if path.is_dir() else shutil.copy2)(path, folder / path.name)


def _digest(scripts: Path) -> str:
    """Return a text that is another one when the scripts are, or what they are run with."""
    total = hashlib.sha256()
    for path in sorted(scripts.glob("*.py")):
        total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    for name in _MAKERS:
        with suppress(metadata.PackageNotFoundError):
            total.update(f"{name} {metadata.version(name)}\n".encode())
    return total.hexdigest()[:16]
