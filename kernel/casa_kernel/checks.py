"""Look at a task's input before a tool is started for it: the tools answer bad input with a hang or a dialog.

Only files are looked at; CASA is not asked, so this takes milliseconds.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import os
import re
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Match, Sequence

from .errors import BadParameter, NoSuchPath, WrongKind

IMAGE = "a CASA image"
MEASUREMENT_SET = "a MeasurementSet"
CALIBRATION = "a calibration table"
FITS = "a FITS image"
MIRIAD = "a Miriad image"
RESTORE = "a casaviewer restore file"
OTHER_TABLE = "another kind of CASA table"
TABLES = (IMAGE, MEASUREMENT_SET, CALIBRATION, OTHER_TABLE)

# The word after "Type =" in table.info, which casacore writes into each table's folder
# (casacore/tables/Tables/TableInfo.cc).
_TABLE_TYPES = {"Image": IMAGE, "Measurement Set": MEASUREMENT_SET, "Calibration": CALIBRATION}


def kind_of(path: Path) -> str:
    """Return what lies at the existing ``path``, in words that fit behind 'is'."""
    if path.is_dir():
        return _kind_of_folder(path)
    if path.suffix == ".rstr":
        return RESTORE
    with path.open("rb") as file:
        return FITS if file.read(9) == b"SIMPLE  =" else "a plain file"


def _kind_of_folder(path: Path) -> str:
    if (path / "table.dat").is_file():
        info = path / "table.info"
        words = info.read_text(encoding="utf-8", errors="replace").split("\n")[0] if info.is_file() else ""
        return _TABLE_TYPES.get(words.partition("=")[2].strip(), OTHER_TABLE)
    if (path / "image").is_file() and (path / "header").is_file():
        return MIRIAD
    return "a folder that holds no CASA table"


def paths_in(value: Any) -> Iterator[str]:
    """Yield the paths in a parameter that takes a path, a dictionary with ``file``, or a list of either."""
    if isinstance(value, (str, os.PathLike)):
        if os.fspath(value):
            yield os.fspath(value)
    elif isinstance(value, Mapping):
        yield from paths_in(value.get("file", ""))
    elif isinstance(value, Sequence):
        for each in value:
            yield from paths_in(each)


def check_path(task: str, parameter: str, value: Any, kinds: Sequence[str]) -> None:
    """Check every path in ``value``.

    Args:
        task: whose parameter it is.
        parameter: its name.
        value: as the user gave it.
        kinds: what may be there, of this module's constants.

    Raises:
        NoSuchPath: there is nothing at the path.
        WrongKind: there is something else.
    """
    for each in paths_in(value):
        path = Path(each.strip()).expanduser().absolute()
        if not path.exists():
            raise NoSuchPath(task, parameter, path)
        kind = kind_of(path)
        if kind not in kinds:
            raise WrongKind(task, parameter, path, kind, kinds)


def bind(task: str, signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the arguments of a call by name, only those that were given.

    Raises:
        BadParameter: the task has no such parameter, or got it twice.
    """
    try:
        return dict(signature.bind_partial(*args, **kwargs).arguments)
    except TypeError as error:
        near = [
            close
            for name in kwargs
            if name not in signature.parameters
            for close in difflib.get_close_matches(name, signature.parameters, 1)
        ]
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise BadParameter(task, f"{error}.{hint}") from error


def check_types(task: str, signature: inspect.Signature, given: Mapping[str, Any]) -> None:
    """Check that each argument is of its default's type; an int will do for a float.

    Raises:
        BadParameter: one is not.
    """
    for name, value in given.items():
        wanted = type(signature.parameters[name].default)
        allowed = (float, int) if wanted is float else (str, os.PathLike) if wanted is str else (wanted,)
        # bool is an int to Python, but zoom=True is a slip.
        fits = isinstance(value, allowed) and isinstance(value, bool) is (wanted is bool)
        if wanted is not type(None) and not fits:
            raise BadParameter(task, f"{name} is {value!r}, but should be of type {wanted.__name__}.")


# CASA's names of types (casatools/typecheck.py), which stand behind a "c", with "Vec" at the end for lists of them.
_TYPES = {
    "Bool": "True or False", "Int": "an integer", "Double": "a number", "Float": "a number",
    "Complex": "a complex number", "Str": "a string", "Path": "a path", "ReqPath": "a path that exists",
    "Record": "a dictionary", "Variant": "any value",
    "BoolVec": "a list of True and False", "IntVec": "a list of integers", "DoubleVec": "a list of numbers",
    "FloatVec": "a list of numbers", "ComplexVec": "a list of complex numbers", "StrVec": "a list of strings",
    "PathVec": "a list of paths", "ReqPathVec": "a list of paths that exist",
}  # fmt: skip


# What casatools/errors.py says of a path, or of a list of paths, that does not exist.
_NO_PATH = re.compile(
    r"(?:the|all elements of the) (\w+) (?:vector )?parameter must be a path that exists "
    r"\((?:at least one element of )?(?:'(.*)'|\"(.*)\") does not exist\)"
)


def _say_path(found: Match[str]) -> str:
    name, path = found[1], found[2] or found[3] or ""
    return f"{name} names {path}, which does not exist" if path not in ("", "['']") else f"{name} has to be set"


def _name_types(reason: str) -> str:
    return re.sub(r"of c([A-Z]\w*) type", lambda found: _TYPES.get(found[1], found[0]), reason)


def explain_schema(said: str) -> str:
    """Return a sentence for what CASA's own check of types says, like ``{'xaxis': ['must be of cStr type']}``."""
    try:
        found = ast.literal_eval(said)
    except (ValueError, SyntaxError):
        found = None
    if not isinstance(found, dict):
        return _NO_PATH.sub(_say_path, _name_types(said.strip().rstrip("."))) + "."
    sentences = (f"{name} {' or '.join(map(_name_types, map(str, reasons)))}" for name, reasons in found.items())
    return "; ".join(sentences).replace(" or must be ", " or ") + "."
