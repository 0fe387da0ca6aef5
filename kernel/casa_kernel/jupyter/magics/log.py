"""``%casa_log``: the session's log in the notebook."""

# IPython's decorators for a magic's arguments have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator"

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, List

from IPython.core.magic import Magics, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments

from ...errors import NoSuchPath
from ...front import Front
from ...log import query
from ...log.cell_log import LogStream
from ...log.follow import Follower
from ..cell_display import CellDisplay
from . import options

_WORDS = ("on", "off", "follow", *reversed(query.LEVELS))
_OPTIONS = ("--follow", "--number", "--origin")


@magics_class
class LogMagics(Magics):
    """``%casa_log``."""

    def __init__(
        self,
        shell: Any,
        stream: LogStream,
        logfile: Callable[[], Path],
        front: Front,
        display: Callable[[], CellDisplay],
    ) -> None:
        """Register only the completion."""
        super().__init__(shell)
        self._stream, self._logfile, self._front, self._display = stream, logfile, front, display
        for key in ("%casa_log", "casa_log"):
            shell.set_hook("complete_command", _complete, str_key=key)

    @magic_arguments()
    @argument(
        "what",
        nargs="*",
        help="a level (severe, warn, info or debug; with all above it), a pattern (a regular expression; case does not "
        "matter), or both; on or off: show or hide CASA's messages under each cell from now on; follow: as -f",
    )
    @argument("-o", "--origin", help="a pattern for where messages come from, like tclean or SynthesisImager")
    @argument("-n", "--number", type=int, help=f"how many messages, from the newest on; {query.NUMBER} by default")
    @argument(
        "-f", "--follow", action="store_true", help="show new messages as they come, until you interrupt the kernel"
    )
    @line_magic
    def casa_log(self, line: str) -> None:
        """Show this session's log, or a part of it."""
        given = options.given(self.casa_log, line)
        words = [options.unquoted(word) for word in given.what]
        follow = given.follow or "follow" in words
        words = [word for word in words if word != "follow"]
        if words in (["on"], ["off"]):
            self._switch(words == ["on"])
            return
        wanted = query.query(words, given.origin and options.unquoted(given.origin), given.number)
        logfile = self._logfile()
        if not logfile.is_file():
            raise NoSuchPath("casa_log", "the session's log", logfile)
        if follow:
            # Otherwise new messages would appear under the cell twice.
            self._stream.leave_out()
            Follower(logfile, wanted).run(self._display())
        else:
            self._front.show(query.bundle(logfile, wanted), {})

    def _switch(self, on: bool) -> None:
        self._stream.on = on
        if on:
            self._front.say("CASA's messages appear under each cell.")
        else:
            self._stream.leave_out()
            self._front.say("CASA's messages no longer appear under the cells; %casa_log shows them.")


def _complete(_shell: Any, event: Any) -> List[str]:
    """Complete words and options. Called by IPython."""
    return list(_OPTIONS if event.symbol.startswith("-") else _WORDS)
