"""Convert the user's paths to the form that CASA's tasks and tools need.

Users write "~", which neither Python's ``open`` nor the tools understand. A file whose name really begins with it takes
precedence. casaplotms strips blanks at both ends of a name, and casacore takes a leading "~" for a home.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Sequence

from ..errors import BadParameter, NotWritable


def resolve(task: str, inputs: Sequence[str], given: Dict[str, Any], output: str = "") -> None:
    """Convert the paths in a call's arguments to a form that every tool understands.

    Args:
        inputs: the parameters that name the files it reads.
        given: its arguments; they are changed.
        output: the parameter that names the file it writes, or an empty string.

    Raises:
        BadParameter: a tool cannot use the name.
        NotWritable: a tool cannot write a file of that name.
    """
    for name in inputs:
        if given.get(name):
            given[name] = each_path(given[name], partial(readable, task, name))
    if output and given.get(output):
        given[output] = each_path(given[output], partial(writable, task, output))


def each_path(value: Any, change: Callable[[str], str]) -> Any:
    """Return a parameter with its paths changed: a path, a dictionary with ``file``, or a list of either."""
    if isinstance(value, str):
        return change(value) if value else value
    if isinstance(value, os.PathLike):
        return change(os.fsdecode(value))
    if isinstance(value, Mapping):
        return {**value, "file": each_path(value["file"], change)} if "file" in value else value
    if isinstance(value, (list, tuple)):
        return [each_path(each, change) for each in value]
    return value


def readable(task: str, parameter: str, path: str) -> str:
    """Return the path of an input: as given if it exists, else with ~ expanded, else without blanks around it."""
    _check_name(task, parameter, path)
    bare = path.strip()
    places = (path, os.path.expanduser(path), bare, os.path.expanduser(bare))
    found = next((place for place in places if os.path.lexists(place)), places[1])
    return found if found == path and not _is_mistaken(path) else _as_tools_take_it(found)


def writable(task: str, parameter: str, path: str) -> str:
    """Return the path of a file to be written."""
    _check_name(task, parameter, path)
    whole = os.path.join(os.getcwd(), os.path.expanduser(path))
    if path != path.rstrip():
        raise NotWritable(task, parameter, Path(whole), "its name ends with a blank, by which a tool knows no format")
    return whole if path != os.path.expanduser(path) or _is_mistaken(path) else path


def _is_mistaken(path: str) -> bool:
    """Return whether a tool would misread a name."""
    return path.startswith("~") or path != path.strip()


def _as_tools_take_it(path: str) -> str:
    whole = os.path.join(os.getcwd(), path)
    return f"{whole}/" if whole != whole.rstrip() and os.path.isdir(whole) else whole


def _check_name(task: str, parameter: str, path: str) -> None:
    if "\0" in path:
        raise BadParameter(task, f"{parameter} is {path!r}, which holds a NUL character and cannot be a path.")
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise BadParameter(
            task,
            f"{parameter} names {os.fsencode(path)!r}, which is no UTF-8, and CASA's tools take no other names. "
            "Rename it, or make a link to it with a plain name.",
        ) from error
