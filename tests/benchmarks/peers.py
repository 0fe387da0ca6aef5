"""The peers' environments: pinned versions from the registries, each below one cache folder and none in this Python's.

The folder is ``$CASA_DESKTOP_BENCH_PEERS``, or ``casa-desktop/peers`` in the user's cache. An environment is made at
its first use, some minutes for stock CASA's, and made anew when a pin moves.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Dict, List, Mapping, Sequence

from casa_desktop.system import locks

REMOTE_DESKTOP = "jupyter-remote-desktop-proxy==3.0.1"
WEBSOCKIFY = "websockify==0.13.0"
SELKIES = "selkies[jupyter]==2.1.0"
# The same versions on all sides, so that a difference is the peer's own.
SHARED_SERVER = ("jupyterlab", "jupyter-server", "jupyter-server-proxy", "tornado")
SHARED_KERNEL = (
    *("casatools", "casatasks", "casaviewer", "casaplotms", "casadata"),
    *("ipykernel", "ipython", "numpy", "six"),
)
# For how long another run may make environments, in seconds.
OTHERS = 1800


def folder() -> Path:
    """Return the folder of all environments."""
    chosen, cache = os.environ.get("CASA_DESKTOP_BENCH_PEERS"), os.environ.get("XDG_CACHE_HOME")
    if chosen:
        return Path(chosen).absolute()
    return (Path(cache) if cache else Path.home() / ".cache") / "casa-desktop" / "peers"


def requirements() -> Dict[str, List[str]]:
    """Return what is installed into each environment."""
    server, kernel = (pins(names) for names in (SHARED_SERVER, SHARED_KERNEL))
    return {
        "remote-desktop-proxy": [REMOTE_DESKTOP, *server],
        "websockify": [WEBSOCKIFY, *server],
        "selkies": [SELKIES, *server],
        "stock-casa": kernel,
    }


def pins(names: Sequence[str]) -> List[str]:
    """Return requirements of the versions that this Python has."""
    return [f"{name}=={version(name)}" for name in names]


def python(name: str) -> str:
    """Return the Python of an environment, which is made first where it is not there as it should be.

    Raises:
        subprocess.CalledProcessError: pip could not install it.
    """
    folder().mkdir(parents=True, exist_ok=True)
    # Another run on this machine may need the same one, and both would install into it.
    with locks.exclusive(folder(), OTHERS):
        return _made(folder() / name, requirements()[name])


def _made(place: Path, wanted: Sequence[str]) -> str:
    stamp = place / "installed.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != "\n".join(wanted):
        print(f"Installing {', '.join(wanted)} into {place} (once)…", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        subprocess.run([str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", *wanted], check=True)
        stamp.write_text("\n".join(wanted), encoding="utf-8")
    return str(place / "bin" / "python")


def novnc() -> Path:
    """Return the folder of the noVNC that our page is built with.

    Raises:
        FileNotFoundError: the front end's packages are not there.
    """
    found = Path(__file__).parents[2] / "casa_desktop" / "labextension" / "node_modules" / "@novnc" / "novnc"
    if not (found / "core" / "rfb.js").exists():
        raise FileNotFoundError(f"noVNC was looked for in {found}: run 'make install' first.")
    return found


def versions(programs: Mapping[str, Sequence[str]]) -> Dict[str, str]:
    """Return versions: of this project and of all pins, and what the programs say of theirs in a line."""
    found = {"casa-desktop": version("casa-desktop"), "python": sys.version.split()[0]}
    found["noVNC"] = json.loads((novnc() / "package.json").read_text(encoding="utf-8"))["version"]
    for each in {pin for pins_ in requirements().values() for pin in pins_}:
        name, _, found[name] = each.partition("==")
    for name, argv in programs.items():
        try:
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            continue
        found[name] = told_version(done.stdout, done.stderr)
    return dict(sorted(found.items()))


def told_version(out: str, err: str) -> str:
    """Return the first line with a version in it, of what a program says: Xvnc tells it as it does errors."""
    lines = (line.strip() for line in (*out.splitlines(), *err.splitlines()))
    return next((line for line in lines if re.search(r"\d\.\d", line)), "")
