"""Rewrite calls without parentheses, as users of CASA write them.

These are commands such as ``inp`` and ``go tclean``, and tasks as in CASA's documentation: ``imview "a.image"``,
``msview infile='a.ms'``. casashell uses IPython's automatic call for them, which works only in cells of a single line.
Here the tokens are rewritten, on any line of a cell, so that strings and continued lines stay as they are. None of the
rewritten text would be valid Python, except for a single name.
"""

from __future__ import annotations

import tokenize
from keyword import iskeyword
from typing import Any, Callable, Iterable, List, Mapping, Optional, Sequence

from IPython.core.inputtransformer2 import TokenTransformBase

from ..drawing.catalogue import DRAWING_TASKS, WINDOW_TASKS
from ..inputs.commands import COMMANDS, Habits

Token = tokenize.TokenInfo

_SPACE = (tokenize.NEWLINE, tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
# Keywords that begin a line with further statements behind its colon.
_HEADS = ("if", "elif", "else", "for", "while", "try", "except", "finally", "with")
_OPEN, _CLOSE = ("(", "[", "{"), (")", "]", "}")
# Python 3.12 and later split an f-string into several tokens.
_STRINGS = ("STRING", "FSTRING_START")

# The tasks that a single name calls: each opens a window.
WINDOWS = (*(row.name for row in DRAWING_TASKS), *(row.name for row in WINDOW_TASKS), "casalogger")


class BareCommands:
    """Rewrites a statement that consists of a command, perhaps with a task: ``inp``, ``go``, ``tget tclean``.

    It may share its line with other statements (``niter = 100; go``, ``if again: go tclean``). A name that the user has
    assigned stays as it is.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace

    def find(self, tokens_by_line: Iterable[Sequence[Token]]) -> Optional[TokenTransformBase]:
        """Return the first statement that is to be rewritten; IPython calls this until there is none."""
        return _first(tokens_by_line, lambda words: self._is_command(words[0].string) and _are_arguments(words[1:]))

    def _is_command(self, name: str) -> bool:
        # Before CASA is imported, there are no commands.
        return name in COMMANDS and (
            name not in self._namespace or isinstance(getattr(self._namespace[name], "__self__", None), Habits)
        )


class BareTasks:
    """Rewrites calls of tasks without parentheses.

    Args:
        is_task: returns whether a name of the notebook is still the kernel's task of that name.
    """

    def __init__(self, is_task: Callable[[str], bool]) -> None:
        self._is_task = is_task

    def find(self, tokens_by_line: Iterable[Sequence[Token]]) -> Optional[TokenTransformBase]:
        """Return the first statement that is to be rewritten; IPython calls this until there is none."""
        return _first(tokens_by_line, lambda words: _is_bare_call(words) and self._is_task(words[0].string))


def _first(
    tokens_by_line: Iterable[Sequence[Token]], is_call: Callable[[Sequence[Token]], bool]
) -> Optional[TokenTransformBase]:
    """Return the transformation of a cell's first such call, unless the cell assigns to the name."""
    statements = [words for line in tokens_by_line for words in _statements(line)]
    taken = {words[0].string for words in statements if len(words) > 1 and words[1].string == "="}
    return next(
        (_Call(words[0], words[-1]) for words in statements if words[0].string not in taken and is_call(words)), None
    )


def _statements(line: Sequence[Token]) -> List[List[Token]]:
    """Return the tokens of each statement in a logical line; statements are separated by semicolons or "if …:"."""
    found: List[List[Token]] = [[]]
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


def _are_arguments(words: Sequence[Token]) -> bool:
    """Return whether these are names and strings with commas between them, or nothing."""
    return all(
        word.string == ","
        if index % 2
        else word.type in (tokenize.NAME, tokenize.STRING) and not iskeyword(word.string)
        for index, word in enumerate(words)
    ) and not (words and words[-1].string == ",")


def _is_bare_call(statement: Sequence[Token]) -> bool:
    if statement[0].type != tokenize.NAME:
        return False
    if len(statement) == 1:
        return statement[0].string in WINDOWS
    first, second = statement[1], statement[2].string if len(statement) > 2 else ""
    # A string prefix is part of the string's token, so this name is not one.
    return tokenize.tok_name[first.type] in _STRINGS or (first.type == tokenize.NAME and second == "=")


class _Call(TokenTransformBase):
    def __init__(self, name: Token, last: Token) -> None:
        super().__init__(name.start)  # type: ignore[no-untyped-call]
        self._opening, self._closing = name.end, last.end

    def transform(self, lines: List[str]) -> List[str]:
        changed = list(lines)
        # The tokenizer counts lines from 1.
        row, column = self._closing[0] - 1, self._closing[1]
        changed[row] = f"{changed[row][:column]}){changed[row][column:]}"
        # Replace the blanks behind the name.
        row, column = self._opening[0] - 1, self._opening[1]
        changed[row] = f"{changed[row][:column]}({changed[row][column:].lstrip(' ')}"
        return changed
