"""Examines another Python from outside: its version, its CASA, and the packages that a kernel in it still lacks.

The other interpreter runs a small script, because only that interpreter knows its search path: the given program may be
a shell script that sets variables first, as in the monolithic CASA distributions, or the command of a container. The
script does not import CASA and changes nothing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .. import __version__
from ..errors import CasaNotInstalled, NotInstalled, PythonTooOld, UnusablePython
from ..names import X_SERVERS
from ..system.output import last_words

OLDEST = (3, 8)
# Requirements that only the Jupyter server and the command line import.
_NOT_FOR_A_KERNEL = frozenset({"argcomplete", "jupyter-server", "jupyter-server-proxy", "websockify"})
# Marks the script's answer among the output of start-up files and container engines.
_MARK = "casa-desktop found: "

# The first lines, up to the version, must run in Pythons that are too old, so that the error can name their version.
_SCRIPT = """
import json, sys
found = {"version": list(sys.version_info[:3])}
if sys.version_info >= (3, 8):
    import os, shutil, sysconfig
    from importlib import metadata, util
    def version(name):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return None
    found["versions"] = {name: version(name) for name in json.loads(sys.argv[1])}
    # An editable installation's metadata are seen by more Pythons than its packages.
    found["ours"] = all(map(util.find_spec, ("casa_desktop", "casa_kernel", "casa_desktop.launchers.init")))
    found["debugger"] = util.find_spec("debugpy") is not None
    found["ensurepip"] = util.find_spec("ensurepip") is not None
    found["x_server"] = next(filter(None, map(shutil.which, json.loads(sys.argv[2]))), "")
    own = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    own += [os.path.join(folder, "lib-dynload") for folder in own]
    found["folders"] = [folder for folder in sys.path if os.path.isdir(folder) and folder not in own]
sys.stdout.write("\\n" + sys.argv[3] + json.dumps(found) + "\\n")
"""


@dataclass(frozen=True)
class Python:
    """The result of examining a Python.

    Attributes:
        version: its own version.
        versions: the versions of installed distributions, by the names that were asked for; None for missing ones.
        imports_ours: whether it can import a casa-desktop that supports containers.
        debugger: whether it has what a notebook's debugger needs.
        can_make_venv: whether it has all that is needed to make a virtual environment.
        x_server: the path of the X server on its PATH; empty if there is none.
        folders: its search path for packages, in order, without its own library.
    """

    version: Tuple[int, ...]
    versions: Mapping[str, Optional[str]]
    imports_ours: bool
    debugger: bool
    can_make_venv: bool
    x_server: str
    folders: Tuple[str, ...]

    @property
    def casa(self) -> str:
        """CASA's version, like ``6.7.0``, without the fourth number, which counts builds."""
        return ".".join((self.versions.get("casatasks") or "").split(".")[:3])

    def lacking(self) -> List[str]:
        """Return the requirements of a kernel that are not met, in pip's notation."""
        from packaging.requirements import Requirement

        wanted = [Requirement(each) for each in requirements()]
        versions = {each.name: self.versions.get(each.name) for each in wanted}
        unmet = (each for each in wanted if not each.specifier.contains(versions[each.name] or "0", prereleases=True))
        return [*map(str, unmet)]

    @property
    def has_ours(self) -> bool:
        """Whether it has casa-desktop, in exactly this version."""
        return self.imports_ours and self.versions.get("casa-desktop") == __version__


def requirements() -> List[str]:
    """Return a kernel's requirements from casa-desktop's metadata, without those that depend on the Python.

    Raises:
        NotInstalled: there is no metadata.
    """
    try:
        declared = [each for each in metadata.requires("casa-desktop") or () if ";" not in each]
    except metadata.PackageNotFoundError as error:
        raise NotInstalled(sys.executable) from error
    return [each for each in declared if _name(each) not in _NOT_FOR_A_KERNEL]


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]


def program(python: str) -> str:
    """Return the absolute path of a Python; ``python`` is its path, its installation's folder, or a name on PATH.

    Symbolic links are not resolved: a virtual environment's Python is one.

    Raises:
        UnusablePython: there is no such program.
    """
    path = shutil.which(python) if os.sep not in python else os.path.expanduser(python)
    if not path:
        raise UnusablePython(python, "no such program is on PATH")
    path = os.path.abspath(path)
    if os.path.isdir(path):
        path = os.path.join(path, "bin", "python3")
    if not os.path.exists(path):
        raise UnusablePython(path, "there is no such file")
    return path


def neutral(environ: Mapping[str, str]) -> Dict[str, str]:
    """Return ``environ`` without the variables that are meant for this Python or for its pip."""
    foreign = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    return {name: value for name, value in environ.items() if name not in foreign}


def examine(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    named: str = "",
    timeout: float = 60.0,
) -> Python:
    """Run a Python and return what it reports about itself.

    Args:
        command: the command that starts it: its path, or a container's command line that ends with its path.
        environ: its environment.
        named: its name in errors; by default its path.
        timeout: the time limit in seconds; 0.1 s is usual, on a cluster's file system 10 s have been seen.

    Raises:
        UnusablePython: it could not be run, or is not a Python.
        PythonTooOld: a kernel cannot run in it.
    """
    name = named or command[0]
    answer = _ask(name, command, environ, timeout)
    version = tuple(answer["version"])
    if version < OLDEST:
        raise PythonTooOld(name, version)
    return Python(
        version=version,
        versions=answer["versions"],
        imports_ours=answer["ours"],
        debugger=answer["debugger"],
        can_make_venv=answer["ensurepip"],
        x_server=answer["x_server"],
        folders=tuple(answer["folders"]),
    )


def checked_casa(python: Python, named: str) -> Python:
    """Return ``python`` if it has CASA.

    Raises:
        CasaNotInstalled: it does not.
    """
    if not python.versions.get("casatools") or not python.versions.get("casatasks"):
        raise CasaNotInstalled(named)
    return python


def _ask(name: str, command: Sequence[str], environ: Mapping[str, str], timeout: float) -> Dict[str, Any]:
    asked = [re.sub(r"[-_.]+", "-", _name(each)) for each in requirements()]
    words = [
        "-c",
        _SCRIPT,
        json.dumps(["casatools", "casatasks", "casampi", "mpi4py", "casa-desktop", *asked]),
        json.dumps(X_SERVERS),
        _MARK,
    ]
    try:
        done = subprocess.run(
            [*command, *words],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except OSError as error:
        raise UnusablePython(name, f"it cannot be run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise UnusablePython(name, f"it has not answered within {timeout:g} s") from error
    lines = done.stdout.decode(errors="replace").splitlines()
    answers = [line[len(_MARK) :] for line in lines if line.startswith(_MARK)]
    if done.returncode or not answers:
        raise UnusablePython(name, _silence(done))
    answer: Dict[str, Any] = json.loads(answers[-1])
    return answer


def _silence(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return the reason why there is no answer."""
    line = last_words(done.stderr or done.stdout)
    last = f": {line}" if line else ""
    ended = f"with status {done.returncode}" if done.returncode >= 0 else f"by signal {-done.returncode}"
    return f"asked for its version, it ended {ended}{last}"


def site_packages(venv: Path) -> Path:
    """Return the folder in which a virtual environment keeps its packages."""
    return next(venv.glob("lib/python*/site-packages"))
