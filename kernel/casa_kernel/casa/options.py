"""The user's ``startup.py``, and CASA's own options in the kernel's command line.

After ``--`` the command line may contain options of the command ``casa``, for instance in a kernelspec: ``python -m
casa_kernel -f {connection_file} -- --nostartupfile``. casaconfig reads some of them itself (``--configfile``,
``--noconfig``, ``--nositeconfig``); others belong to casashell, and are read here.
"""

from __future__ import annotations

import argparse
import io
import traceback
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Sequence

from ..errors import NoSuchPath


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--startupfile")
    parser.add_argument("--nostartupfile", action="store_true")
    parser.add_argument("--logfile")
    parser.add_argument("--nologfile", action="store_true")
    return parser.parse_known_args(list(arguments))[0]


def settings(arguments: Sequence[str]) -> Dict[str, Any]:
    """Return the settings of casaconfig that CASA's options determine."""
    given = _parse(arguments)
    if given.nologfile:
        return {"nologfile": True, "logfile": "/dev/null"}
    return {"logfile": str(Path(given.logfile).expanduser().absolute())} if given.logfile else {}


def file(arguments: Sequence[str], configured: Optional[str]) -> Optional[Path]:
    """Return the existing file that is to be run, or None.

    Args:
        arguments: CASA's options.
        configured: its path in CASA's configuration, or None.
    """
    given = _parse(arguments)
    path = None if given.nostartupfile else given.startupfile or configured
    if not path or not Path(path).expanduser().is_file():
        return None
    return Path(path).expanduser().absolute()


def run(shell: Any, path: Path) -> str:
    """Run the file in the notebook's namespace; return its output, with the error that ended it, if there was one."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            shell.safe_execfile(str(path), shell.user_ns, raise_exceptions=True)
    except (Exception, SystemExit) as error:  # noqa: BLE001
        # It is the user's own file: whatever is wrong with it, the kernel goes on.
        printed.write(_say(path, error))
    return printed.getvalue()


def make_execfile(shell: Any) -> Callable[..., None]:
    """Return CASA's ``execfile`` for the notebook of ``shell``."""

    def execfile(filename: str) -> None:
        """Run a Python file in the notebook's namespace: execfile('script.py')."""
        path = Path(filename).expanduser().absolute()
        if not path.is_file():
            raise NoSuchPath("execfile", "filename", path)
        shell.safe_execfile(str(path), shell.user_ns, raise_exceptions=True)

    return execfile


def _say(path: Path, error: BaseException) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    line = error.lineno if isinstance(error, SyntaxError) else lines[0] if lines else None
    where = f"{path}, line {line}" if line is not None else str(path)
    return f"{where}: {type(error).__name__}: {error}\nThe rest of that file was not run.\n"
