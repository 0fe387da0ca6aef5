"""What a result depends on beside the arguments and inputs of its call: releases, code, data and settings of CASA.

A process reads much of this once: code when it is imported, casacore's settings when it starts, the Earth's orientation
when it is first needed. So what has changed on the disk since the process began is not what it works with. Where this
may be so, the answer has a word of this process's own, which agrees with no other's.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
import uuid
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Set

from casa_desktop.store.digests import Digests

_WHEELS = ("casatasks", "casatools", "casadata", "numpy")
# Variables by which CASA does something else, as its native code and its tasks ask for them: VI1, VI1CAL and VI2CAL
# choose how visibilities are read, the SAVE_ALL ones keep more images. Settings of threads change nothing.
_VARIABLES = (
    "AIPSPATH", "CASAPATH", "CASARCFILES", "VI1", "VI1CAL", "VI2CAL", "ASDM_DEBUG", "USE_SMALL_SUMMARYMINOR",
    "SAVE_ALL_RESIMS", "SAVE_ALL_AUTOMASKS", "OMPI_COMM_WORLD_SIZE", "OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
)  # fmt: skip
# In seconds: the clocks of disks and of processes are not the same to the last.
_MARGIN = 2.0


class Surroundings:
    """The surroundings of the calls of one process, each part by its name; equal parts have equal values.

    Args:
        data: the folders of CASA's data, in the order in which it looks.
        digests: of files.
        environ: the variables of the process.
        began: when the process began, in seconds since 1970; by default, as Linux says.
    """

    def __init__(
        self, data: Sequence[Path], digests: Digests, environ: Mapping[str, str], began: Optional[float] = None
    ) -> None:
        self._data = [os.path.realpath(folder) for folder in data]
        self._digests = digests
        self._environ = environ
        self._began = (_began() if began is None else began) - _MARGIN
        # The answer that no other process gives.
        self._own = uuid.uuid4().hex
        self._fixed: Dict[str, str] = {wheel: _version(wheel) for wheel in _WHEELS}
        self._code: Dict[str, str] = {}
        self._first = self._disk()

    def of(self, task: str) -> Dict[str, str]:
        """Return the surroundings of a task's calls, without what is hidden in CASA's memory.

        It takes less than 1 ms if the files are what they were.

        Raises:
            StateUnknown: a file of CASA's data cannot be read.
        """
        if task not in self._code:
            self._code[task] = self._joined(sources(task))
        now = self._disk()
        changed = {name: f"{value} {self._first[name]}" for name, value in now.items() if value != self._first[name]}
        return {**self._fixed, f"code of {task}": self._code[task], **self._first, **changed, **self._variables()}

    def _variables(self) -> Dict[str, str]:
        found = {name: self._environ[name] for name in _VARIABLES if name in self._environ}
        return {"variables": " ".join(f"{name}={value!r}" for name, value in sorted(found.items()))}

    def _disk(self) -> Dict[str, str]:
        """Return what may change while the process lives."""
        return {
            "CASA's data": self._joined(path for folder in self._data for path in _data_files(folder)),
            "casacore's settings": self._joined(_settings(self._environ)),
        }

    def _joined(self, paths: Iterable[str]) -> str:
        """Return the digest of files and their paths, with a word of this process's own if one is younger than it."""
        joined, young = hashlib.blake2b(digest_size=16), ""
        for path in paths:
            try:
                status = os.lstat(path)
                real = os.path.realpath(path) if stat.S_ISLNK(status.st_mode) else path
                status = status if real == path else os.lstat(real)
            except (FileNotFoundError, NotADirectoryError):
                continue
            joined.update(f"{path}\0{self._digests.of(real, status)}\0".encode("utf-8", "surrogateescape"))
            young = self._own if status.st_ctime >= self._began else young
        return f"{joined.hexdigest()} {young}".strip()


def sources(task: str) -> List[str]:
    """Return the files of the code of a task: its own, and what it imports of casatasks."""
    waiting: List[str] = [f"casatasks.{task}", f"casatasks.private.task_{task}"]
    seen: Set[str] = set()
    while waiting:
        name = waiting.pop()
        module = sys.modules.get(name)
        if name in seen or not isinstance(module, ModuleType):
            continue
        seen.add(name)
        # A task's code may be imported only when it is looked at.
        dir(module)
        waiting += sorted(_used(module))
    files = {getattr(sys.modules[name], "__file__", None) for name in seen}
    return sorted(file for file in files if file)


def _used(module: ModuleType) -> Set[str]:
    """Return the modules of casatasks whose names a module has: itself, or something that was defined in them."""
    values = vars(module).values()
    names = {value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "") for value in values}
    return {name for name in names if isinstance(name, str) and name.startswith("casatasks.")}


def _data_files(folder: str) -> Iterator[str]:
    """Return the files that tell which data CASA has: the stamp of all, and the tables of the Earth's orientation.

    The others change with the stamp alone.
    """
    yield f"{folder}/readme.txt"
    for place, _, names in sorted(os.walk(f"{folder}/geodetic")):
        yield from (f"{place}/{name}" for name in sorted(names) if name != "table.lock")


def _settings(environ: Mapping[str, str]) -> Iterator[str]:
    """Return the files that casacore reads settings from, whether they are there or not."""
    home = environ.get("HOME", "")
    yield from (f"{home}/{name}" for name in (".casarc", ".casa/rc", ".aipsrc"))
    yield from (path for path in environ.get("CASARCFILES", "").split(":") if path)
    folder, *words = (environ.get("CASAPATH") or environ.get("AIPSPATH") or home).split() or [home]
    for word in ["", *words, "UnKnOwN", "UnKnOwN", "UnKnOwN"][:4]:
        folder = os.path.join(folder, word).rstrip("/")
        yield from (f"{folder}/{name}" for name in (".aipsrc", "aipsrc"))


def _version(wheel: str) -> str:
    try:
        return metadata.version(wheel)
    except metadata.PackageNotFoundError:
        return "not installed"


def _began() -> float:
    """Return when this process began, in seconds since 1970."""
    words = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + int(words[19]) / os.sysconf("SC_CLK_TCK")
