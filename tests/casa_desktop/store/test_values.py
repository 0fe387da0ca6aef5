from __future__ import annotations

import json
import math
import struct
from contextlib import suppress
from typing import Any, List

import numpy
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st

from casa_desktop.errors import NotKept
from casa_desktop.store import values

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters())
    | st.binary()
    | np_st.scalar_dtypes().flatmap(np_st.from_dtype)
)
arrays = np_st.arrays(
    np_st.scalar_dtypes() | np_st.array_dtypes() | np_st.byte_string_dtypes() | np_st.unicode_string_dtypes(),
    np_st.array_shapes(min_dims=0, min_side=0),
)
keys = st.text() | st.integers() | st.tuples(st.booleans(), st.binary())
results = st.recursive(
    scalars | arrays | arrays.map(numpy.transpose),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(keys, inner),
    max_leaves=10,
)


def bits(value: Any) -> Any:
    """Return a value's type and bits, which are equal for equal values only: NaN is not, and 0.0 equals -0.0."""
    kind = type(value)
    if kind is dict:
        return kind, [(bits(name), bits(each)) for name, each in value.items()]
    if kind in (list, tuple):
        return kind, [bits(each) for each in value]
    if kind is float:
        return kind, struct.pack(">d", value)
    if kind is complex:
        return kind, bits(value.real), bits(value.imag)
    if kind in (numpy.str_, numpy.bytes_):
        return kind, list(value)
    if isinstance(value, numpy.ndarray):
        return kind, value.dtype, value.shape, value.flags.f_contiguous, [bits(each) for each in value.ravel().tolist()]
    if isinstance(value, numpy.generic):
        return kind, value.dtype, bits(value.item()) if not isinstance(value.item(), numpy.generic) else value.tobytes()
    return kind, value


@given(results)
@example(struct.unpack(">d", bytes.fromhex("fff8000000000123"))[0])
@example([math.inf, -math.inf, -0.0, complex(-0.0, math.nan)])
@example("a name\udcff \ud83d\ude00 of \x00 a file")
@example(10**5000)
@example(-(10**5000))
@example({"type": {"dict": [1], 1: 2, (1, b"\x00"): None}})
@example([numpy.str_("a\x00"), numpy.bytes_(b"a\x00"), numpy.float32(1), numpy.bool_(True)])
@example(numpy.array([[1 + 2j, 3]], dtype=">c8", order="F"))
@example(numpy.array([(1, "a", [1.5, 2])], dtype=[("n", "i4"), ("name", "U3"), ("x y", "f8", (2,))])[0])
@example(numpy.array("2026-11-29T08:40", dtype="M8[m]"))
@example(numpy.ones((3, 4))[::2, ::-1])
def test_a_value_comes_back_with_the_same_types_and_bits(value: object) -> None:
    text = json.dumps(values.encoded(value), allow_nan=False)
    assert bits(values.decoded(json.loads(text))) == bits(value)


class Own(dict):  # type: ignore[type-arg]
    """Another type than it looks like."""


class OwnFloat(numpy.float64):
    """Another type than it looks like."""


def _endless() -> List[Any]:
    value: List[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (numpy.array([None]), "an array of the dtype object"),
        (numpy.ma.masked_array([1.0], [True]), "a numpy.ma.MaskedArray"),
        (numpy.array([(1,)], dtype=[("a", object)]), "an array of the dtype"),
        (numpy.rec.array([(1,)], dtype=[("a", int)])[0], "an array of the dtype"),
        (Own(), "contains a tests.casa_desktop.store.test_values.Own"),
        (OwnFloat(1), "an array of the dtype float64"),
        ({1, 2}, "contains a builtins.set"),
        ([print], "contains a builtins.builtin_function_or_method"),
        (_endless(), "nested more than 100 levels deep"),
        (bytes(values.MOST_BYTES), "takes more than 64 MB"),
        (numpy.zeros(values.MOST_BYTES), "takes more than 64 MB"),
    ],
)
def test_what_would_not_come_back_as_it_was_is_not_kept(value: object, reason: str) -> None:
    with pytest.raises(NotKept, match=reason):
        values.encoded(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*values.FORMS, "other"]),
            inner,
            max_size=2,
        )
    ),
)


@given(json_values)
@example({"array": "k05VTVBZAQB2AHsnZGVzY3InOiAnfE8nfQo="})
def test_any_json_is_a_value_or_is_refused(plain: object) -> None:
    with suppress(ValueError):
        values.decoded(plain)


def test_a_value_that_is_nested_too_deeply_is_refused() -> None:
    deep: List[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="not the value of a task"):
        values.decoded(deep)
