"""Check a task's input before a tool is started for it: the tools answer bad input with a hang or a dialog.

Only files are inspected, without CASA, so this takes milliseconds.
"""

from __future__ import annotations

import ast
import difflib
import errno
import inspect
import os
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Match, Sequence

import psutil

from ..errors import (
    BadParameter,
    Damaged,
    Locked,
    NoSuchFolder,
    NoSuchPath,
    NotWritable,
    WrongKind,
    hint,
)
from . import disk_space, tables

IMAGE = "a CASA image"
MEASUREMENT_SET = "a MeasurementSet"
CALIBRATION = "a calibration table"
FITS = "a FITS image"
MIRIAD = "a Miriad image"
RESTORE = "a casaviewer restore file"
OTHER_TABLE = "another kind of CASA table"
TABLES = (IMAGE, MEASUREMENT_SET, CALIBRATION, OTHER_TABLE)

# The text after "Type =" in table.info, which casacore writes into each table's folder
# (casacore/tables/Tables/TableInfo.cc).
_TABLE_TYPES = {"Image": IMAGE, "Measurement Set": MEASUREMENT_SET, "Calibration": CALIBRATION}


def kind_of(path: Path) -> str:
    """Return the kind of the file or folder at the existing ``path``, as a phrase to follow 'is'."""
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


def readable_by_casa(value: Any) -> List[Path]:
    """Return casacore's tables and the FITS images among the paths in a parameter."""
    paths = [Path(each).absolute() for each in paths_in(value)]
    return [path for path in paths if kind_of(path) in (*TABLES, FITS)]


def check_path(task: str, parameter: str, value: Any, kinds: Sequence[str]) -> None:
    """Check every path in a parameter's ``value``, after ``checks.paths.resolve``.

    Args:
        kinds: the kinds that may be there, of this module's constants.

    Raises:
        BadParameter: the value is not a path and does not contain one.
        NoSuchPath: there is nothing at the path.
        Damaged: the file or table cannot be read.
        Locked: another process or this one writes into it.
        WrongKind: it is of another kind.
    """
    if value is not None and not isinstance(value, (str, os.PathLike, Mapping, Sequence)):
        raise BadParameter(task, f"{parameter} is {value!r}, but should be a path.")
    for each in paths_in(value):
        path = Path(each).absolute()
        _check_existence(task, parameter, path)
        if not os.access(path, os.R_OK):
            raise Damaged(task, parameter, path, "you have no permission")
        kind = kind_of(path)
        if kind not in kinds:
            raise WrongKind(task, parameter, path, kind, kinds)
        # Images are read without a lock; for other tables, a tool waits for the lock for ever.
        writer = tables.writer_of(path) if kind in TABLES and kind != IMAGE else None
        if writer is not None:
            raise Locked(task, parameter, path, writer, _words_for(writer))
        damage = tables.damage(path, kind == MEASUREMENT_SET) if kind in TABLES else ""
        if damage:
            raise Damaged(task, parameter, path, damage)


def _words_for(pid: int) -> str:
    if pid == os.getpid():
        return "this kernel; close it there, for instance with tb.close() or ms.close()"
    try:
        return f"process {pid} ({psutil.Process(pid).name()}); run it again when that has finished"
    except psutil.Error:
        return f"process {pid}; run it again when that has finished"


def _check_existence(task: str, parameter: str, path: Path) -> None:
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Damaged(task, parameter, path, "its symbolic links lead back to themselves") from error
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            if path.is_symlink():
                raise Damaged(
                    task, parameter, path, f"it is a link to {os.readlink(path)}, which is not there"
                ) from error
            raise NoSuchPath(task, parameter, path) from error
        raise Damaged(task, parameter, path, str(error.strerror).lower()) from error


def check_output(task: str, parameter: str, value: Any) -> None:
    """Check that the file named by ``value`` can be written; the tools do not report it if they could not.

    Args:
        value: a path, a dictionary with ``file``, or an empty value.

    Raises:
        NoSuchFolder: its folder does not exist.
        NotWritable: the disk is read-only, this user has no permission, or there is no room.
    """
    for each in paths_in(value):
        _check_place(task, parameter, Path(each).absolute())


def _check_place(task: str, parameter: str, path: Path) -> None:
    try:
        os.lstat(path)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise NotWritable(task, parameter, path, str(error.strerror).lower()) from error
    if not path.parent.is_dir():
        raise NoSuchFolder(task, parameter, path)
    if path.is_dir():
        raise NotWritable(task, parameter, path, "it is a folder")
    space = os.statvfs(path.parent)
    if space.f_flag & os.ST_RDONLY:
        raise NotWritable(task, parameter, path, "the disk is read-only")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise NotWritable(task, parameter, path, "you have no permission")
    check_room(task, parameter, path)


def check_room(task: str, parameter: str, path: Path) -> None:
    """Check that the disk is not full; if it is full after writing a file, the file is incomplete.

    Raises:
        NotWritable: the disk is full.
    """
    if not disk_space.free(os.statvfs(path.parent)):
        raise NotWritable(task, parameter, path, "the disk is full")


def bind(task: str, signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the given arguments of a call by name, without defaults.

    Raises:
        BadParameter: the task has no such parameter, or got it twice.
    """
    try:
        return dict(signature.bind_partial(*args, **kwargs).arguments)
    except TypeError as error:
        near = [close for name in kwargs if name not in signature.parameters for close in _meant(name, signature)]
        raise BadParameter(task, f"{error}.{hint(near)}") from error


def _meant(name: str, signature: inspect.Signature) -> List[str]:
    """Return the parameters that ``name`` may mean: one that begins with it, else one that looks like it."""
    begun = [each for each in signature.parameters if each.startswith(name)]
    return begun[:1] or difflib.get_close_matches(name, signature.parameters, 1)


def check_types(task: str, signature: inspect.Signature, given: Mapping[str, Any]) -> None:
    """Check that each argument has the type of its default; an int is accepted for a float.

    Raises:
        BadParameter: one has not.
    """
    for name, value in given.items():
        wanted = type(signature.parameters[name].default)
        allowed = (float, int) if wanted is float else (str, os.PathLike) if wanted is str else (wanted,)
        # bool is an int to Python, but zoom=True is a mistake.
        fits = isinstance(value, allowed) and isinstance(value, bool) is (wanted is bool)
        if wanted is not type(None) and not fits:
            raise BadParameter(task, f"{name} is {value!r}, but should be of type {wanted.__name__}.")


# CASA's names of types (casatools/typecheck.py), which follow a "c", and end in "Vec" for lists.
_TYPES = {
    "Bool": "True or False", "Int": "an integer", "Double": "a number", "Float": "a number",
    "Complex": "a complex number", "Str": "a string", "Path": "a path", "ReqPath": "a path that exists",
    "Record": "a dictionary", "Variant": "any value",
    "BoolVec": "a list of True and False", "IntVec": "a list of integers", "DoubleVec": "a list of numbers",
    "FloatVec": "a list of numbers", "ComplexVec": "a list of complex numbers", "StrVec": "a list of strings",
    "PathVec": "a list of paths", "ReqPathVec": "a list of paths that exist",
}  # fmt: skip


# The messages of casatools/errors.py about a path, or a list of paths, that does not exist.
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
    """Return a sentence for a message of CASA's own type check, such as ``{'xaxis': ['must be of cStr type']}``."""
    try:
        found = ast.literal_eval(said)
    except (ValueError, SyntaxError):
        found = None
    if not isinstance(found, dict):
        return _NO_PATH.sub(_say_path, _name_types(said.strip().rstrip("."))) + "."
    sentences = (f"{name} {' or '.join(map(_name_types, map(str, reasons)))}" for name, reasons in found.items())
    return "; ".join(sentences).replace(" or must be ", " or ") + "."
