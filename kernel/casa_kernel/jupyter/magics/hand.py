"""The magic for what was done by hand: flaggings in windows, and masks of interactive cleaning."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, Callable, Iterator, List

from IPython.core.magic import Magics, line_magic, magics_class

from ...errors import BadHand
from ...front import Front

_WORDS = ("list", "show", "apply", "undo", "export")


@magics_class
class HandMagics(Magics):
    """``%casa_hand``."""

    def __init__(self, shell: Any, front: Front, wait_for_casa: Callable[[], object]) -> None:
        """Register only the completion.

        Args:
            shell: IPython's shell.
            front: the notebook.
            wait_for_casa: returns when CASA has been imported, or raises why it cannot be.
        """
        super().__init__(shell)
        self._front, self._wait_for_casa = front, wait_for_casa
        for key in ("%casa_hand", "casa_hand"):
            shell.set_hook("complete_command", _complete, str_key=key)

    @line_magic
    def casa_hand(self, line: str) -> None:
        """List what was done by hand in windows, make it again, or take it back.

        %casa_hand                                  the records in the working folder
        %casa_hand show first.hand                  a picture of a cleaning: each residual with the mask drawn on it
        %casa_hand apply my.ms.hand/0003            set these flags again
        %casa_hand apply my.ms.hand                 all that were not taken back, in their order
        %casa_hand apply my.ms.hand/0003 other.ms   in another MeasurementSet with the same rows
        %casa_hand undo                             take the newest flagging back: the flags are as they were before
        %casa_hand undo 2                           the two newest
        %casa_hand export my.ms.hand/0003           print a script that needs CASA only; also of first.hand

        Flaggings in windows of plotms and flagdata(display=...) are kept; a line under their cells names the records.
        Masks of interactive cleaning are replayed by the argument hand of the task.
        """
        from ...replay import hand

        try:
            word, *rest = shlex.split(line) or ["list"]
        except ValueError as error:
            raise BadHand(line) from error
        here = Path.cwd()
        if word == "list" and not rest:
            self._front.say(hand.listing(here))
        elif word == "show" and len(rest) == 1:
            self._front.show(hand.picture(Path(rest[0])), {})
        elif word == "apply" and len(rest) in (1, 2):
            self._wait_for_casa()
            self._say(hand.apply(Path(rest[0]), "".join(rest[1:])))
        elif word == "undo" and len(rest) < 2 and all(each.isdigit() and int(each) for each in rest):
            self._wait_for_casa()
            self._say(hand.undo(here, int(rest[0]) if rest else 1))
        elif word == "export" and len(rest) == 1:
            self._front.say(hand.export(Path(rest[0])))
        else:
            raise BadHand(line)

    def _say(self, lines: Iterator[str]) -> None:
        for line in lines:
            self._front.say(line)


def _complete(_shell: Any, event: Any) -> List[str]:
    """Complete the first word, and folders. Called by IPython."""
    words = event.text_until_cursor.split()
    if len(words) - (event.text_until_cursor[-1:] != " ") < 2:
        return list(_WORDS)
    if words[1] not in ("show", "apply", "export"):
        return []
    from ...replay import hand

    here = Path.cwd()
    return hand.masks(here) if words[1] == "show" else hand.folders(here, of_masks=words[1] == "export")
