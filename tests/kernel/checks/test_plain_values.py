from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from casa_kernel.checks import plain_values


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (np.str_("a"), "a"),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.bool_(True), True),
        (np.complex64(1j), 1j),
        (np.array(3), 3),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array([1.5, 2], dtype="f4"), [1.5, 2.0]),
        ((1, np.int32(2)), [1, 2]),
        (range(2), [0, 1]),
        (Path("a.ms"), "a.ms"),
        ([Path("a.ms"), b"b.ms"], ["a.ms", "b.ms"]),
    ],
)
def test_what_scientists_have_becomes_what_tasks_take(given: Any, wanted: Any) -> None:
    found = plain_values.value(given)
    assert found == wanted
    assert type(found) is type(wanted)


def test_what_is_more_than_its_numbers_stays_as_it_is() -> None:
    for given in (np.zeros((2, 2)), np.ma.array([1]), np.zeros(20000), np.datetime64("2020-01-01"), None, {"a": (1,)}):
        assert plain_values.value(given) is given


def test_dictionaries_are_looked_into_where_they_are_settings() -> None:
    assert plain_values.value({"file": Path("a.im"), "range": np.array([0, 1])}, deep=True) == {
        "file": "a.im",
        "range": [0, 1],
    }
