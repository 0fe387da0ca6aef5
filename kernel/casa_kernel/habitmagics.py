"""CASA's commands without parentheses, and the magics about CASA's habits."""

from __future__ import annotations

import difflib
import tokenize
from datetime import datetime, timezone
from keyword import iskeyword
from typing import Any, Callable, Iterable, List, Mapping, Optional, Sequence

from IPython.core.inputtransformer2 import TokenTransformBase
from IPython.core.magic import Magics, line_magic, magics_class

from . import versions
from .errors import BadWord, CasaMissing, NoSuchName
from .habits import COMMANDS, Habits
from .live import Front

_SPACE = (tokenize.NEWLINE, tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
# What begins a line with further statements behind its colon.
_HEADS = ("if", "elif", "else", "for", "while", "try", "except", "finally", "with")
_OPEN, _CLOSE = ("(", "[", "{"), (")", "]", "}")


@magics_class
class HabitMagics(Magics):
    """``%casa_globals``, ``%casa_restore`` and ``%casa_version``.

    Attributes:
        habits: the tasks and their inputs, once CASA is there.
        given: what the kernel has put into the namespace, by name.
        measures: returns the state of CASA's measures data; None before CASA is there.
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
        """Complete what stands behind a command to a task. Called by IPython."""
        return sorted(self.habits.tasks) if self.habits is not None else []

    @line_magic
    def casa_globals(self, line: str) -> None:
        """Let tasks take their parameters from the notebook's variables, as casashell does, or not.

        %casa_globals on     a task that is called without any argument takes the variables that are called like its
                             parameters, and every call writes its inputs into task.last
        %casa_globals off    a task gets the arguments of its call and nothing else (the default)
        %casa_globals        tell which
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
        """Have CASA's tasks and tools back under their names: %casa_restore viewer ia."""
        for name in line.replace(",", " ").split():
            if name not in self.given:
                raise NoSuchName(name, difflib.get_close_matches(name, self.given, 1))
            self.shell.user_ns[name] = self.given[name]  # type: ignore[union-attr]
        self._front.say(f"CASA's again: {line.strip()}." if line.strip() else "Name what you want back: viewer, ia, …")

    @line_magic
    def casa_version(self, _line: str) -> None:
        """Show the versions of CASA, of its parts, and of its data."""
        today = datetime.now(timezone.utc).date()
        self._front.show(versions.bundle(versions.rows(self.measures(), today)), {})


class BareCommands:
    """Makes a call of a statement that is only a command, and perhaps a task: ``inp``, ``go``, ``tget tclean``.

    It may share its line with others (``niter = 100; go``, ``if again: go tclean``).

    IPython's own means for that (automatic calls, automatic magics) are for cells of a single line. Works on
    tokens, so that neither strings nor continued lines are touched, and never on a name that the user took.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace

    def find(self, tokens_by_line: Iterable[Sequence[tokenize.TokenInfo]]) -> Optional[TokenTransformBase]:
        """Return the first statement that is to be rewritten; IPython calls this until there is none."""
        statements = [words for line in tokens_by_line for words in _statements(line)]
        taken = {words[0].string for words in statements if len(words) > 1 and words[1].string == "="}
        for words in statements:
            if self._is_command(words[0].string, taken) and _are_arguments(words[1:]):
                return _Call(words[0], words[-1])
        return None

    def _is_command(self, name: str, taken: Iterable[str]) -> bool:
        if name not in COMMANDS or name in taken:
            return False
        # Before CASA is imported, there are no commands.
        return name not in self._namespace or isinstance(getattr(self._namespace[name], "__self__", None), Habits)


def _statements(line: Sequence[tokenize.TokenInfo]) -> List[List[tokenize.TokenInfo]]:
    """Return the words of each statement in a logical line: they stand between semicolons, and behind "if …:"."""
    found: List[List[tokenize.TokenInfo]] = [[]]
    depth, is_head = 0, False
    for token in line:
        if token.type in _SPACE:
            continue
        if not found[-1] and len(found) == 1:
            is_head = token.string in _HEADS
        depth += (token.string in _OPEN) - (token.string in _CLOSE) if token.type == tokenize.OP else 0
        if depth == 0 and (token.string == ";" or (is_head and token.string == ":")):
            is_head = False
            found.append([])
        else:
            found[-1].append(token)
    return [words for words in found if words]


def _are_arguments(words: Sequence[tokenize.TokenInfo]) -> bool:
    """Tell whether these are names and strings with commas between them, or nothing."""
    return all(
        word.string == ","
        if index % 2
        else word.type in (tokenize.NAME, tokenize.STRING) and not iskeyword(word.string)
        for index, word in enumerate(words)
    ) and not (words and words[-1].string == ",")


class _Call(TokenTransformBase):
    def __init__(self, first: tokenize.TokenInfo, last: tokenize.TokenInfo) -> None:
        super().__init__(first.start)  # type: ignore[no-untyped-call]
        self._name_end, self._last = first.end[1], last

    def transform(self, lines: List[str]) -> List[str]:
        line = lines[self.start_line]
        end = self._last.end[1]
        call = f"{line[: self._name_end]}({line[self._name_end : end].strip()}){line[end:]}"
        return [*lines[: self.start_line], call, *lines[self.start_line + 1 :]]
