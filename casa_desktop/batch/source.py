"""Reads notebooks and scripts that are to be run, and prepares them: no cell has an output yet."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from ..errors import BatchUnavailable, NotebookUnreadable
from . import notebooks, script


def read(path: Path) -> Any:
    """Return a notebook of nbformat's, version 4, without outputs; the arguments and errors are those of ``whole``."""
    return _without_outputs(whole(path))


def whole(path: Path) -> Any:
    """Return a notebook of nbformat's, version 4, with its outputs.

    Args:
        path: a notebook ``.ipynb`` or a Python script ``.py``.

    Raises:
        NotebookUnreadable: there is none, or it is not valid.
        BatchUnavailable: nbformat is not installed.
    """
    text = _text(path)
    try:
        nbformat = notebooks.load()
    except ImportError as error:
        raise BatchUnavailable(str(error)) from error
    if path.suffix == ".py":
        found = script.notebook(text)
    else:
        try:
            found = _parsed(text)
        except (nbformat.reader.NotJSONError, nbformat.NBFormatError, nbformat.ValidationError) as error:
            raise NotebookUnreadable(path, _reason(error)) from error
    return found


def _text(path: Path) -> str:
    if path.suffix not in (".ipynb", ".py"):
        raise NotebookUnreadable(path, "its name should end in .ipynb, or in .py for a Python script")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotebookUnreadable(path, "it is not text in UTF-8") from error
    except OSError as error:
        raise NotebookUnreadable(path, error.strerror or str(error)) from error


def _parsed(text: str) -> Any:
    import nbformat

    with warnings.catch_warnings():
        # Of older notebooks, whose cells have no ids: they are given some.
        warnings.simplefilter("ignore")
        try:
            # Not nbformat.reads, which also logs what is wrong with it.
            found = nbformat.convert(nbformat.reader.reads(text), 4)
        except (AttributeError, KeyError, TypeError, RecursionError) as error:
            raise nbformat.ValidationError(str(error)) from error
        _, found = nbformat.validator.normalize(found)
    nbformat.validate(found)
    return found


def _reason(error: Exception) -> str:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "JSON" in type(error).__name__:
        return "it is not a notebook, which is JSON; perhaps it was cut off, or has the marks of a merge by git"
    return f"it is not a valid notebook ({first[:200].rstrip('.')})"


def _without_outputs(found: Any) -> Any:
    """Remove what an earlier run has left, so that nothing old can be taken for a result."""
    for cell in found.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            for key in ("execution", "papermill"):
                cell.metadata.pop(key, None)
    found.metadata.pop("widgets", None)
    return found
