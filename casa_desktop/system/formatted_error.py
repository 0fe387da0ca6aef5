"""An exception that is made of named values, formats its own message, and keeps both in another process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Mapping, Type, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:
    # Real dataclasses would compile three methods for each class, at the start of every process.
    def dataclass_transform(**_: object) -> Any:
        return lambda kind: kind


_Kind = TypeVar("_Kind", bound="FormattedError")


@dataclass_transform(eq_default=False)
class FormattedError(Exception):
    """Base class of exceptions with values and a message.

    A subclass annotates its values, as a dataclass does; they are the constructor's arguments, in this order, and the
    attributes. The message is formatted once, when the exception is made, since it may depend on this process.

    Attributes:
        message: the template, with the values' names in braces.
    """

    message = ""

    def __init__(self, *values: object, **named: object) -> None:
        for name, value in dict(zip(fields(type(self)), values), **named).items():
            setattr(self, name, value)
        self.args = (self._text(),)

    def _text(self) -> str:
        """Return the message; a subclass whose message has parts that depend on the values overrides this."""
        return self.message.format_map(self._values())

    def __str__(self) -> str:
        """Return the message; an OSError's own would begin with its number."""
        return str(self.args[0])

    def __reduce__(self) -> Any:
        """Return what pickle needs."""
        return rebuilt, (type(self), str(self), {**vars(self), **self._values()})

    def _values(self) -> Dict[str, Any]:
        # Not vars(): the errno of an OSError is elsewhere.
        return {name: getattr(self, name) for name in fields(type(self)) if hasattr(self, name)}


def fields(kind: type) -> Dict[str, str]:
    """Return the names of an exception's values and their annotations, in the constructor's order."""
    found: Dict[str, str] = {}
    for each in reversed(kind.__mro__):
        found.update(getattr(each, "__annotations__", {}))
    return found


def rebuilt(kind: Type[_Kind], text: str, values: Mapping[str, object]) -> _Kind:
    """Return an exception with this message and these values, without formatting it again."""
    error = kind.__new__(kind)
    error.args = (text,)
    for name, value in values.items():
        setattr(error, name, value)
    return error


def described(error: BaseException) -> Dict[str, Any]:
    """Return an exception for JSON: ``kind``, its class's name, ``error``, its message, and its ``values``."""
    values = error._values() if isinstance(error, FormattedError) else {}
    plain = {name: _plain(value) for name, value in values.items()}
    return {"kind": type(error).__name__, "error": str(error), "values": plain}


def _plain(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def restored(kind: Type[_Kind], told: Mapping[str, Any]) -> _Kind:
    """Return the exception of class ``kind`` that ``described`` has described.

    Another release may name other values, or none.
    """
    values = told.get("values", {})
    known = {name: _typed(values[name], annotation) for name, annotation in fields(kind).items() if name in values}
    return rebuilt(kind, told["error"], known)


def _typed(value: object, annotation: str) -> object:
    if isinstance(value, list):
        return tuple(value)
    return Path(value) if isinstance(value, str) and "Path" in annotation else value
