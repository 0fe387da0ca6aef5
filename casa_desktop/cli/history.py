"""``casa-desktop history``: the calls that made an image, table or MeasurementSet, as Python."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Tuple

from ..errors import CasaDesktopError
from .commands import add_command

if TYPE_CHECKING:
    from ..history.models import History
    from ..history.reader import Reader

_EXAMPLES = """\
examples:
  casa-desktop history my.image
      the calls, with times, CASA's versions and handwork
  casa-desktop history my.image --script again.py
      a Python script that makes it again, beside copies of the files that it names, in another folder
  casa-desktop history my.image --prov my.json --crate my-crate
      the same for other programs: PROV-JSON of W3C, and an RO-Crate
"""


def add_history(commands: Any) -> None:
    """Add the command ``history`` to ``casa-desktop``."""
    text = "Show the calls that made an image, table, MeasurementSet or FITS file, as Python."
    parser = add_command(commands, "history", history, text, _EXAMPLES)
    path = parser.add_argument("path", metavar="PATH", help="the image, table, MeasurementSet or FITS file")
    path.completer = _paths  # type: ignore[attr-defined]
    parser.add_argument("--all", action="store_true", help="show all arguments, not only those that are no defaults")
    parser.add_argument("--script", type=Path, metavar="FILE", help="write a script that makes it again")
    parser.add_argument("--prov", type=Path, metavar="FILE", help="write it as PROV-JSON of W3C")
    parser.add_argument("--crate", type=Path, metavar="FOLDER", help="make a folder with it as RO-Crate")


def _paths(prefix: str, **_: Any) -> Any:
    from argcomplete.completers import FilesCompleter

    return FilesCompleter()(prefix)


def history(arguments: argparse.Namespace) -> int:
    """``casa-desktop history``; 1 if a script was wanted and the history is not whole."""
    from ..history import listing, looking, output

    wanted = output.Wanted(arguments.script, arguments.prov, arguments.crate)
    wanted.check()
    with _reader(arguments.path) as reader:
        found = looking.history(arguments.path, reader, os.environ)
        if not wanted.anything:
            print("\n".join(listing.lines(found, reader.defaults, arguments.all)))
            return 0
        return _write(found, reader, wanted)


def _write(found: History, reader: Reader, wanted: Any) -> int:
    told = wanted.write(found, reader.defaults, _export)
    for path in told.written:
        print(f"Wrote {path}.")
    for sentence in told.lacking:
        print(f"casa-desktop: {sentence}", file=sys.stderr)
    return int(bool(told.lacking))


def _export(folder: str, vis: str) -> str:
    from ..handwork.exports import export
    from .hand import with_numpy

    return with_numpy(lambda path: export(path, vis), Path(folder))


@contextmanager
def _reader(path: str) -> Iterator[Reader]:
    """Yield what reads tables: a process of the first Python that has CASA, this one or that of a kernel."""
    from ..history.reader import NoReader, ProcessReader
    from ..system import pythonpath

    if not os.path.exists(path):
        # It will be said at once.
        yield NoReader("")
        return
    problems = []
    for python, variables in dict([(sys.executable, {}), *_of_kernels()]).items():
        with ProcessReader(python, {**pythonpath.seen(os.environ), **variables}) as reader:
            if not reader.without:
                yield reader
                return
            problems.append(f"{python}: {reader.without}")
    yield NoReader(
        "No CASA was found that reads tables, so that this is from kept results and FITS headers alone "
        f"({'; '.join(problems)}). 'casa-desktop kernel install' makes one known."
    )


def _of_kernels() -> List[Tuple[str, Dict[str, str]]]:
    """Return the Pythons of the kernels that run on this machine itself, with the variables that they start with."""
    try:
        from ..kernels import store

        kernels = [kernel for kernel in store.installed() if kernel.container is None]
    except (CasaDesktopError, ImportError, OSError):
        return []
    return [
        (kernel.program, dict(kernel.spec.get("env", {})))
        for kernel in kernels
        if os.path.isabs(kernel.program) and os.access(kernel.program, os.X_OK)
    ]
