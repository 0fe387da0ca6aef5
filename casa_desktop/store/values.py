"""What a task returned, as JSON: all types and bits are the same when it is read again.

Plain JSON stands for itself; everything else is an object with one member, whose name is the type. Nothing is pickled:
a record comes from the disk, and reading it must not run anything.
"""

from __future__ import annotations

import base64
import io
import json
import math
import struct
import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Tuple

from ..errors import NotKept

if TYPE_CHECKING:
    import numpy

# A record is read whole, in a moment; larger results are files.
MOST_BYTES = 64_000_000
_TOO_LARGE = f"what it returned takes more than {MOST_BYTES // 1_000_000} MB"
# CASA's records are some five levels deep. JSON's reader gives up at Python's limit on recursion.
DEEPEST = 100
# Python refuses to read integers with more than 4,300 digits.
_LONGEST_INT = 1 << 1024


def encoded(value: object) -> Any:
    """Return a value as what JSON can say.

    Args:
        value: None, a bool, int, float, complex, str or bytes, an array or scalar of numpy of any dtype without
            objects, or lists, tuples and dicts of these. Subclasses of these types count as other types.

    Raises:
        NotKept: it contains another type, itself, or more than ``MOST_BYTES``.
    """
    plain = _encoded(value, 0)
    if len(json.dumps(plain)) > MOST_BYTES:
        raise NotKept(_TOO_LARGE)
    return plain


def decoded(plain: Any) -> Any:
    """Return the value of which ``plain`` is the encoded form.

    Raises:
        ValueError: it is none.
    """
    try:
        return _decoded(plain)
    except (AttributeError, IndexError, KeyError, TypeError, RecursionError, struct.error) as error:
        raise ValueError(f"it is not the value of a task ({error})") from error


def _encoded(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise NotKept(f"what it returned is nested more than {DEEPEST} levels deep")
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind in _ENCODERS:
        return _ENCODERS[kind](value)
    if kind in (list, tuple):
        items = [_encoded(item, depth + 1) for item in value]
        return items if kind is list else {"tuple": items}
    if kind is dict:
        # In pairs, because keys may be numbers, and a member of an object is always a type.
        return {"dict": [[_encoded(each, depth + 1) for each in pair] for pair in value.items()]}
    return _encoded_numpy(value)


def _encoded_int(value: int) -> Any:
    return value if abs(value) < _LONGEST_INT else {"int": hex(value)}


def _encoded_float(value: float) -> Any:
    # The bits of a NaN, because there are many; JSON has neither NaN nor infinity.
    return value if math.isfinite(value) else {"float": struct.pack(">d", value).hex()}


def _encoded_complex(value: complex) -> Any:
    return {"complex": [_encoded_float(value.real), _encoded_float(value.imag)]}


def _encoded_str(value: str) -> Any:
    try:
        value.encode()
    except UnicodeEncodeError:
        # JSON makes one character of two surrogates. A file's name may hold some.
        return {"str": _text(value.encode("utf-8", "surrogatepass"))}
    return value


def _encoded_bytes(value: bytes) -> Any:
    return {"bytes": _text(value)}


_ENCODERS: Dict[type, Callable[[Any], Any]] = {
    int: _encoded_int,
    float: _encoded_float,
    complex: _encoded_complex,
    str: _encoded_str,
    bytes: _encoded_bytes,
}


def _encoded_numpy(value: Any) -> Any:
    # Looked up, not imported: a value of numpy's exists only where numpy is imported.
    numpy = sys.modules.get("numpy")
    kind = type(value)
    if numpy is None or not (kind is numpy.ndarray or isinstance(value, numpy.generic)):
        raise NotKept(f"what it returned contains a {kind.__module__}.{kind.__qualname__}, which cannot be kept")
    if kind is numpy.str_:
        # As an array, it would lose zeros at its end; so it does by str().
        return {"numpy.str_": _encoded_str("".join(value))}
    if kind is numpy.bytes_:
        return {"numpy.bytes_": _text(bytes(value))}
    array = numpy.asarray(value)
    form = "array" if kind is numpy.ndarray else "scalar"
    if not _is_known(array, kind):
        raise _unknown_dtype(array)
    return {form: _text(_npy(array))}


def _npy(array: numpy.ndarray[Any, Any]) -> bytes:
    if array.dtype.hasobject:
        raise _unknown_dtype(array)
    if array.nbytes > MOST_BYTES:
        raise NotKept(_TOO_LARGE)
    file = io.BytesIO()
    # Any older version of the format gives a warning where it cannot hold the dtype.
    _npy_format().write_array(file, array, version=(3, 0), allow_pickle=False)
    return file.getvalue()


def _is_known(array: numpy.ndarray[Any, Any], kind: type) -> bool:
    """Return whether a file says all of an array's dtype, and of a scalar's class: some are more than it can say."""
    import numpy

    # A file of the same header, and no elements.
    empty = numpy.empty((0, *array.shape[1:]), array.dtype)
    try:
        dtype = _array(_npy(empty)).dtype
    except ValueError:
        return False
    return bool(dtype == array.dtype) and (kind is numpy.ndarray or type(numpy.zeros((), dtype)[()]) is kind)


def _unknown_dtype(array: numpy.ndarray[Any, Any]) -> NotKept:
    return NotKept(f"what it returned contains an array of the dtype {array.dtype}, which cannot be kept")


def _array(content: bytes) -> numpy.ndarray[Any, Any]:
    array: numpy.ndarray[Any, Any] = _npy_format().read_array(io.BytesIO(content), allow_pickle=False)
    return array


def _npy_format() -> Any:
    # Its functions have types in some releases only.
    import numpy.lib.format

    return numpy.lib.format


def _decoded(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_decoded(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    ((name, content),) = plain.items()
    return FORMS[name](content)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _pairs(pairs: List[Tuple[Any, Any]]) -> Dict[Any, Any]:
    return {_decoded(name): _decoded(value) for name, value in pairs}


def _numpy(name: str, value: Any) -> Any:
    import numpy

    return getattr(numpy, name)(value)


# The one member of each object in JSON, to what makes the value of its content.
FORMS: Dict[str, Callable[[Any], Any]] = {
    "tuple": lambda content: tuple(_decoded(item) for item in content),
    "dict": _pairs,
    "int": lambda content: int(content, 16),
    "float": lambda content: struct.unpack(">d", bytes.fromhex(content))[0],
    "complex": lambda content: complex(*(_decoded(part) for part in content)),
    "str": lambda content: _bytes(content).decode("utf-8", "surrogatepass"),
    "bytes": _bytes,
    "numpy.str_": lambda content: _numpy("str_", _decoded(content)),
    "numpy.bytes_": lambda content: _numpy("bytes_", _bytes(content)),
    "array": lambda content: _array(_bytes(content)),
    "scalar": lambda content: _array(_bytes(content))[()],
}
