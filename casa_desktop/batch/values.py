"""Values of parameters as users type them: ``robust=0.5``. What a parameter's default is tells what is meant."""

from __future__ import annotations

import ast
import keyword
import math
import re
from typing import Any, Optional, Tuple

from ..errors import InvalidParameter

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WORDS = {"True": True, "true": True, "False": False, "false": False, "None": None}
# Types that go with each other, and what a value should be where the default is of one of them.
_EXPECTED = (
    ({bool}, "True or False"),
    ({int, float}, "a number"),
    ({list, tuple}, "a list like ['a', 'b']"),
    ({dict}, "a dictionary like {'a': 1}"),
)
_OPENING = ("[", "(", "{", '"', "'")


def split(word: str) -> Tuple[str, str]:
    """Return the name and the text of ``name=text``.

    Raises:
        InvalidParameter: it is of another form.
    """
    name, equals, text = word.partition("=")
    if not equals or not name.isidentifier() or keyword.iskeyword(name):
        raise InvalidParameter("behind -p", word, "name=value, with a name of Python's")
    return name, text


def typed(name: str, text: str, default: Optional[ast.expr]) -> Any:
    """Return the value of a text.

    Where the default is a text, so is the value: ``spw=0`` means ``"0"``. Otherwise numbers, ``True``, ``False``,
    ``None``, and Python's lists, tuples, dictionaries and quoted texts are what they look like, and all else is a text.

    Args:
        name: of the parameter, for errors.
        text: what the user typed.
        default: the expression that sets the parameter in the notebook.

    Raises:
        InvalidParameter: it is of another type than the default, or it begins like a list and is none.
    """
    kind, value = _kind(default), _value(name, text)
    if kind is str and isinstance(value, (bool, int, float)):
        return text
    if value is None or kind in (None, str, type(None)):
        return value
    if kind is int and isinstance(value, float) and value.is_integer():
        # 1e4 iterations.
        return int(value)
    for kinds, expected in _EXPECTED:
        if kind in kinds and type(value) not in kinds:
            raise InvalidParameter(name, text, f"{expected}, as in the notebook")
    return value


def _kind(default: Optional[ast.expr]) -> Optional[type]:
    """Return the type of a default that is written as it is; None for expressions."""
    try:
        return type(ast.literal_eval(default)) if default is not None else None
    except (ValueError, TypeError, SyntaxError, RecursionError):
        return None


def _value(name: str, text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        return _number(text)
    if not text.startswith(_OPENING):
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        value = ...
    if not _is_plain(value):
        expected = "a list or text as Python writes it, like ['a.ms', 'b.ms']; -r takes any text as it is"
        raise InvalidParameter(name, text, expected)
    return value


def _number(text: str) -> Any:
    """Return a number, or the text if it is none: a name like 007, and what is too large."""
    try:
        value = ast.literal_eval(text)
        return value if math.isfinite(value) else text
    except (SyntaxError, ValueError, OverflowError):
        return text


def _is_plain(value: Any) -> bool:
    """Return whether JSON can hold a value."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value))
