"""Reading what CASA has written into tables: the interface, and a process of a Python with CASA that does it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from types import TracebackType
from typing import Any, Dict, Mapping, Optional, Protocol, Type

from .. import names
from ..system import descriptors
from ..system.pythonpath import module
from . import fits
from .defaults import Defaults
from .models import Row, Written

# In seconds, for one table; importing casatools takes one or two, on busy machines more.
_PATIENCE = 120.0


class Reader(Protocol):
    """Reads what CASA has written into tables.

    Attributes:
        defaults: the tasks of that CASA.
        without: why no tables can be read, as a sentence; empty if they can.
    """

    defaults: Defaults
    without: str

    def read(self, path: str) -> Written:
        """Return what CASA has written into a table or FITS file; it raises no errors."""


class NoReader:
    """Reads FITS headers alone, for which no CASA is needed.

    Args:
        without: why, as a sentence.
    """

    def __init__(self, without: str) -> None:
        self.defaults, self.without = Defaults.here(), without

    def read(self, path: str) -> Written:
        """Return what the header of a FITS file says."""
        return fits.read(path) if fits.is_fits(path) else Written("", problem="there is no CASA here to read it")


class ProcessReader:
    """Reads tables in a process of its own; a context manager.

    Args:
        python: the path of a Python that has CASA and our kernel.
        environ: the environment of the process.
    """

    def __init__(self, python: str, environ: Mapping[str, str]) -> None:
        self.without = ""
        self._folder = tempfile.TemporaryDirectory(prefix="casa-history-")
        # In a folder of its own, because CASA leaves logs where it is started.
        self._process = subprocess.Popen(
            [python, *module(names.TABLE_READER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder.name,
            env=dict(environ),
        )
        hello = self._answer()
        self.without = str(hello.get("problem", ""))
        self.defaults = Defaults(str(hello.get("casatasks", "")), str(hello.get("version", "")))

    def __enter__(self) -> ProcessReader:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def read(self, path: str) -> Written:
        """Return what CASA has written into a table or FITS file."""
        if fits.is_fits(path):
            return fits.read(path)
        if self.without:
            return Written("", problem="there is no CASA here to read it")
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(path).encode("ascii") + b"\n")
            self._process.stdin.flush()
        except OSError:
            return Written("", problem="the process that reads tables has ended")
        return from_json(self._answer())

    def _answer(self) -> Dict[str, Any]:
        assert self._process.stdout is not None
        text = b""
        descriptor = self._process.stdout.fileno()
        while not text.endswith(b"\n"):
            if not descriptors.readable([descriptor], _PATIENCE):
                self._process.kill()
                return {"problem": f"CASA did not answer for {_PATIENCE:.0f} s"}
            piece = os.read(descriptor, 1 << 16)
            if not piece:
                return {"problem": "CASA could not be imported, or has crashed"}
            text += piece
        # casatools may print before that.
        last: Dict[str, Any] = json.loads(text.splitlines()[-1])
        return last


def from_json(plain: Mapping[str, Any]) -> Written:
    """Make what was read of the JSON of the process that read it."""
    rows = tuple(Row(float(time), str(origin), str(message)) for time, origin, message in plain.get("rows", ()))
    return Written(str(plain.get("where", "")), rows, dict(plain.get("keywords", {})), str(plain.get("problem", "")))
