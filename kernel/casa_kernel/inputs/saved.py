"""The files in which CASA keeps the inputs of a task, such as ``tclean.last``.

Each line is ``name = value`` in Python's notation; the last line is the whole call, as a comment.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, Collection, Dict, Mapping

from ..errors import BadInputs, InputsNotSaved


def write(path: Path, task: str, values: Mapping[str, Any]) -> None:
    """Save a task's inputs.

    Raises:
        InputsNotSaved: the file cannot be written.
    """
    said = {name: _notation(value) for name, value in values.items()}
    lines = [f"{name:<11} = {text}\n" for name, text in said.items()]
    call = ",".join(f"{name}={text}" for name, text in said.items())
    try:
        path.write_text("".join(lines) + f"#{task}( {call} )\n", encoding="utf-8")
    except OSError as error:
        raise InputsNotSaved(path, error.strerror or str(error)) from error


def _notation(value: Any) -> str:
    text = repr(value.tolist() if hasattr(value, "tolist") else value)
    # An object without a notation, such as a function, cannot be saved.
    return "None" if text.startswith("<") else text


def read(path: Path, names: Collection[str]) -> Dict[str, Any]:
    """Return the values of the parameters ``names`` in the file.

    Nothing in the file is executed: only assignments of plain values are read.

    Raises:
        BadInputs: the file has another format, or cannot be read.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInputs(path, None, f"cannot be read: {error.strerror}") from error
    except (SyntaxError, ValueError) as error:
        raise BadInputs(path, getattr(error, "lineno", None), "is not Python") from error
    found: Dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in names:
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError as error:
                raise BadInputs(path, node.lineno, "holds no plain value") from error
    return found
