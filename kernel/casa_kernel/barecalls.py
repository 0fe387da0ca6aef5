"""Tasks without parentheses, as CASA's documentation writes them: ``imview "a.image"``, ``msview infile='a.ms'``.

In casashell this is IPython's automatic call, which knows cells of a single line only. Here the tokens are rewritten,
on any line of a cell. What is rewritten is no Python otherwise, but for a name that stands alone.
"""

from __future__ import annotations

import tokenize
from typing import Callable, Iterable, Iterator, List, Optional, Sequence, Tuple

from IPython.core.inputtransformer2 import TokenTransformBase

from .tasks import DRAWING_TASKS, WINDOW_TASKS

Token = tokenize.TokenInfo

_SPACE = (tokenize.NEWLINE, tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
# Python 3.12 and later split an f-string into several tokens.
_STRINGS = ("STRING", "FSTRING_START")

# Opened by their names alone.
WINDOWS = (*(row.name for row in DRAWING_TASKS), *(row.name for row in WINDOW_TASKS), "casalogger")


class BareTasks:
    """Makes calls of tasks without parentheses.

    Args:
        is_task: whether a name of the notebook is still the kernel's task of that name.
    """

    def __init__(self, is_task: Callable[[str], bool]) -> None:
        self._is_task = is_task

    def find(self, tokens_by_line: Iterable[Sequence[Token]]) -> Optional[TokenTransformBase]:
        """Return the first call to be rewritten, or None. Called by IPython until there is none."""
        for line in tokens_by_line:
            for statement in _statements(line):
                if _is_bare_call(statement) and self._is_task(statement[0].string):
                    return _Call(statement[0], statement[-1])
        return None


def _statements(line: Sequence[Token]) -> Iterator[List[Token]]:
    """Yield the statements of a logical line."""
    statement: List[Token] = []
    for token in line:
        if token.type == tokenize.OP and token.string == ";":
            yield statement
            statement = []
        elif token.type not in _SPACE:
            statement.append(token)
    yield statement


def _is_bare_call(statement: Sequence[Token]) -> bool:
    if not statement or statement[0].type != tokenize.NAME:
        return False
    if len(statement) == 1:
        return statement[0].string in WINDOWS
    first, second = statement[1], statement[2].string if len(statement) > 2 else ""
    # A string prefix is part of its string's token, so that this name is none.
    return tokenize.tok_name[first.type] in _STRINGS or (first.type == tokenize.NAME and second == "=")


class _Call(TokenTransformBase):
    def __init__(self, name: Token, last: Token) -> None:
        super().__init__(name.start)  # type: ignore[no-untyped-call]
        self._opening, self._closing = name.end, last.end

    def transform(self, lines: List[str]) -> List[str]:
        changed = list(lines)
        _insert(changed, self._closing, ")")
        _insert(changed, self._opening, "(")
        return changed


def _insert(lines: List[str], position: Tuple[int, int], text: str) -> None:
    """Insert text at a position of the tokenizer's, which counts lines from 1."""
    row, column = position[0] - 1, position[1]
    lines[row] = lines[row][:column] + text + lines[row][column:]
