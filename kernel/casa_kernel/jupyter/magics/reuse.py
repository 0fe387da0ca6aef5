"""The magic for the reuse of tasks' results."""

from __future__ import annotations

from typing import Any, List

from IPython.core.magic import Magics, line_magic, magics_class

from ...errors import BadReuse
from ...front import Front
from ...reuse.switch import Switch

_WORDS = ("on", "off", "why", "limit", "forget")


@magics_class
class ReuseMagics(Magics):
    """``%casa_reuse``."""

    def __init__(self, shell: Any, switch: Switch, front: Front) -> None:
        super().__init__(shell)
        self._switch, self._front = switch, front
        for key in ("%casa_reuse", "casa_reuse"):
            shell.set_hook("complete_command", self._complete, str_key=key)

    @line_magic
    def casa_reuse(self, line: str) -> None:
        """Show or set whether a task that was called before, with all as it was, gives its former result.

        %casa_reuse                 whether it does, where results are kept, and how much room they take
        %casa_reuse on|off          switch it on or off; the notebook remembers it
        %casa_reuse why             why the last call ran, or did not
        %casa_reuse why tclean      the same for the last call of a task
        %casa_reuse limit 200 GB    let results take at most so much room
        %casa_reuse forget tclean   forget the results of a task
        %casa_reuse forget my.ms    forget what was made of a file, or made it

        A call's own reuse=False makes it and keeps the new result; reuse=True looks for a former one in this call only.
        The environment variable CASA_DESKTOP_REUSE=on switches it on in each new kernel.
        """
        word, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        if word in ("on", "off") and not rest:
            self._switch.turn(word == "on")
        elif word == "why":
            self._front.say(self._switch.calls.why(rest))
            return
        elif word == "limit" and rest:
            self._switch.calls.limit(rest)
        elif word == "forget" and rest:
            self._front.say(self._switch.calls.forget(rest))
            return
        elif word:
            raise BadReuse("%casa_reuse", line)
        self._front.say(self._switch.describe())

    def _complete(self, _shell: Any, event: Any) -> List[str]:
        """Complete the first word. Called by IPython."""
        words = event.text_until_cursor.split()
        first = len(words) - (event.text_until_cursor[-1:] != " ") < 2
        if first:
            return list(_WORDS)
        return self._switch.calls.tasks() if words[1] in ("why", "forget") else []
