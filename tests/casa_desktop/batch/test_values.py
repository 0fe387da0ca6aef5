from __future__ import annotations

import ast
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casa_desktop.batch import values
from casa_desktop.errors import InvalidParameter


def _default(text: Optional[str]) -> Optional[ast.expr]:
    return None if text is None else ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    ("text", "default", "value"),
    [
        ("my.ms", "'a.ms'", "my.ms"),
        ("0", "''", "0"),
        ("007", "''", "007"),
        ("True", "''", "True"),
        ("None", "''", None),
        ("['a.ms', 'b.ms']", "''", ["a.ms", "b.ms"]),
        ("x=y", "''", "x=y"),
        ("", "''", ""),
        ("0.5", "2", 0.5),
        ("1e4", "100", 10000),
        ("-3", "100", -3),
        ("5", "0.1", 5),
        ("None", "0.1", None),
        ("true", "False", True),
        ("False", "True", False),
        ("[1, 2]", "[0]", [1, 2]),
        ("(1, 2)", "[0]", (1, 2)),
        ("{'a': [1, None]}", "{}", {"a": [1, None]}),
        ("3", "f(2)", 3),
        ("3", None, 3),
        ("3", "None", 3),
        (".5e-3", None, 0.0005),
        ("3C286", None, "3C286"),
        ("1331+305", None, "1331+305"),
        ("007", None, "007"),
        ("1_000", None, "1_000"),
        ("1e999", None, "1e999"),
        ("nan", None, "nan"),
        ("'0'", None, "0"),
        ("false", None, False),
        ("no", None, "no"),
    ],
)
def test_a_value_is_what_it_looks_like_beside_its_default(text: str, default: Optional[str], value: Any) -> None:
    found = values.typed("x", text, _default(default))
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "default", "expected"),
    [
        ("half", "0.5", "a number, as in the notebook"),
        ("1e999", "0.5", "a number, as in the notebook"),
        ("True", "100", "a number, as in the notebook"),
        ("yes", "False", "True or False, as in the notebook"),
        ("1", "False", "True or False, as in the notebook"),
        ("DA41", "['DA42']", "a list like ['a', 'b'], as in the notebook"),
        ("[1]", "{}", "a dictionary like {'a': 1}, as in the notebook"),
        ("[a, b]", None, "a list or text as Python writes it, like ['a.ms', 'b.ms']; -r takes any text as it is"),
        ("[b'a']", None, "a list or text as Python writes it, like ['a.ms', 'b.ms']; -r takes any text as it is"),
        ("[1e999]", None, "a list or text as Python writes it, like ['a.ms', 'b.ms']; -r takes any text as it is"),
        ("{1, 2}", None, "a list or text as Python writes it, like ['a.ms', 'b.ms']; -r takes any text as it is"),
    ],
)
def test_a_value_of_another_type_than_its_default_is_refused(text: str, default: Optional[str], expected: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        values.typed("x", text, _default(default))
    assert str(caught.value) == f"The parameter x is {text!r}, but should be {expected}."


@given(st.text(), st.sampled_from([None, "''", "0", "0.5", "True", "[]", "{}", "f(1)"]))
def test_any_text_is_a_value_that_its_own_notation_gives_again_or_is_refused(text: str, default: Optional[str]) -> None:
    try:
        value = values.typed("x", text, _default(default))
    except InvalidParameter:
        return
    assert ast.literal_eval(repr(value)) == value


@pytest.mark.parametrize("word", ["vis", "=a", "1=a", "a b=c", "for=1", "a.b=1", ""])
def test_what_is_no_assignment_is_refused(word: str) -> None:
    with pytest.raises(InvalidParameter, match="name=value"):
        values.split(word)


def test_a_value_may_have_any_signs() -> None:
    assert values.split("a==b = c") == ("a", "=b = c")
