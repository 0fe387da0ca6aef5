"""The magic for the calls that made an image or table. All that it needs is imported when it is used."""

# IPython's decorators for a magic's arguments have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator"

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import Any, Callable, List

from IPython.core.magic import Magics, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments

from ...casa.imports import Casa
from ...front import Front
from . import options

_OPTIONS = ("--all", "--script", "--prov", "--crate")


@magics_class
class HistoryMagics(Magics):
    """``%casa_history``."""

    def __init__(self, shell: Any, casa: Callable[[], Casa], settle: Callable[[], None], front: Front) -> None:
        """Register only the completion.

        Args:
            shell: IPython's.
            casa: waits for CASA and returns it.
            settle: waits until the results of all calls are kept.
            front: the notebook.
        """
        super().__init__(shell)
        self._casa, self._settle, self._front = casa, settle, front
        for key in ("%casa_history", "casa_history"):
            shell.set_hook("complete_command", _complete, str_key=key)

    @magic_arguments()
    @argument("path", help="an image, a table, a MeasurementSet or a FITS file")
    @argument("-a", "--all", action="store_true", help="show all arguments, not only those that are no defaults")
    @argument("--script", metavar="FILE", help="write a script that makes it again, and needs CASA alone")
    @argument("--prov", metavar="FILE", help="write it as PROV-JSON of W3C")
    @argument("--crate", metavar="FOLDER", help="make a folder with it as RO-Crate")
    @line_magic
    def casa_history(self, line: str) -> None:
        """Show the calls that made an image or table, as Python, with what is not known of them."""
        given = options.given(self.casa_history, line)
        from casa_desktop.handwork.exports import export
        from casa_desktop.history import listing, looking, output, page

        from ..histories import KernelReader

        wanted = output.Wanted(*(_path(each) for each in (given.script, given.prov, given.crate)))
        wanted.check()
        reader = KernelReader(self._casa())
        self._settle()
        found = looking.history(options.unquoted(given.path), reader, os.environ)
        if wanted.anything:
            told = wanted.write(found, reader.defaults, lambda folder, vis: export(Path(folder), vis))
            self._front.say("\n".join([*(f"Wrote {path}." for path in told.written), *told.lacking]))
            return
        lines = listing.lines(found, reader.defaults, given.all)
        html = page.of(found, reader.defaults, given.all)
        self._front.show({"text/plain": "\n".join(lines), "text/html": html}, {})


def _path(given: Any) -> Any:
    return Path(os.path.expanduser(options.unquoted(given))) if given else None


def _complete(_shell: Any, event: Any) -> List[str]:
    """Complete options and paths. Called by IPython."""
    if event.symbol.startswith("-"):
        return list(_OPTIONS)
    found = glob.glob(f"{glob.escape(os.path.expanduser(event.symbol))}*")
    return sorted(f"{path}/" if os.path.isdir(path) and not _is_table(path) else path for path in found)


def _is_table(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "table.dat"))
