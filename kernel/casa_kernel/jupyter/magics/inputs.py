"""The magics for CASA's commands and versions."""

from __future__ import annotations

import difflib
from datetime import datetime, timezone
from typing import Any, Callable, List, Mapping, Optional

from IPython.core.magic import Magics, line_magic, magics_class

from ...casa import versions
from ...errors import BadWord, CasaMissing, NoSuchName
from ...front import Front
from ...inputs.commands import COMMANDS, Habits


@magics_class
class HabitMagics(Magics):
    """``%casa_globals``, ``%casa_restore`` and ``%casa_version``.

    Attributes:
        habits: the tasks and their inputs, once CASA is imported.
        given: the names that the kernel has put into the namespace, with their values.
        measures: returns the state of CASA's measures data; None before CASA is imported.
    """

    def __init__(self, shell: Any, front: Front) -> None:
        super().__init__(shell)
        self._front = front
        self.habits: Optional[Habits] = None
        self.given: Mapping[str, Any] = {}
        self.measures: Callable[[], Optional[versions.Measures]] = lambda: None
        for name in COMMANDS:
            shell.set_hook("complete_command", self._complete_task, str_key=name)

    def _complete_task(self, _shell: Any, _event: Any) -> List[str]:
        """Complete the argument of a command to a task. Called by IPython."""
        return sorted(self.habits.tasks) if self.habits is not None else []

    @line_magic
    def casa_globals(self, line: str) -> None:
        """Let tasks take their parameters from the notebook's variables, as casashell does, or not.

        %casa_globals on     a task that is called without any argument takes the variables with the names of its
                             parameters, and every call writes its inputs into task.last
        %casa_globals off    a task gets the arguments of its call and nothing else (the default)
        %casa_globals        show which of them holds
        """
        word = line.strip().lower()
        if word not in ("", "on", "off"):
            raise BadWord(word, ("on", "off"))
        habits = self.habits
        if habits is None:
            raise CasaMissing("there are no tasks that could take variables.")
        if word:
            habits.takes_variables = word == "on"
        self._front.say(
            "Tasks that are called without arguments take the notebook's variables."
            if habits.takes_variables
            else "Tasks take the arguments of their calls only."
        )

    @line_magic
    def casa_restore(self, line: str) -> None:
        """Restore CASA's tasks and tools under their names: %casa_restore viewer ia."""
        for name in line.replace(",", " ").split():
            if name not in self.given:
                raise NoSuchName(name, difflib.get_close_matches(name, self.given, 1))
            self.shell.user_ns[name] = self.given[name]  # type: ignore[union-attr]
        self._front.say(f"Restored: {line.strip()}." if line.strip() else "Name what to restore: viewer, ia, …")

    @line_magic
    def casa_version(self, _line: str) -> None:
        """Show the versions of CASA, of its parts, and of its data."""
        today = datetime.now(timezone.utc).date()
        self._front.show(versions.bundle(versions.rows(self.measures(), today)), {})
