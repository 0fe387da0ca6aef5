"""The JSON bodies of the jobs' REST interface: what is told of a job, and what a page asks for. Pure but for paths."""

from __future__ import annotations

import ast
import shlex
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from ..batch import jobs, lists, parameters, service, source
from ..batch.job_state import ENDS, HERE
from ..batch.jobs import Row
from ..batch.planning import Wish
from ..errors import InvalidSetting, NoParameters, UnusableParameters
from ..views.models import Body, time


def job(row: Row, root: Path) -> Body:
    """Return the model of a job.

    Args:
        row: the job.
        root: the folder that Jupyter shows; paths of files in it are told as the contents API has them.
    """
    asked, state = row.job, row.state
    return {
        "id": row.folder.id,
        "phase": state.phase,
        "ended": state.phase in ENDS,
        "since": time(state.since),
        "sentence": state.sentence,
        "status": state.status,
        "cell": state.cell,
        "cells": state.cells,
        "doing": state.doing,
        "engine": asked.engine if asked else "",
        "notebook": asked.notebook if asked else "",
        "output": asked.output if asked else "",
        # None where JupyterLab does not show it.
        "outputPath": below(asked.output, root) if asked else None,
        "parameters": service.told(asked.parameters) if asked else {},
    }


def below(path: str, root: Path) -> Optional[str]:
    """Return a file's path as the contents API has it; None if it is elsewhere, or hidden."""
    try:
        parts = Path(path).relative_to(root).parts
    except ValueError:
        return None
    return None if any(part.startswith(".") for part in parts) else "/".join(parts)


def offer(path: Path) -> Body:
    """Return what can be chosen for a run of a notebook: its parameters, as they may be typed, and the engines.

    Raises:
        NotebookUnreadable, BatchUnavailable: there is no valid notebook, or nothing to read it with.
    """
    notebook, trouble = source.read(path), ""
    known: Mapping[str, Optional[ast.expr]] = {}
    try:
        known = parameters.defaults(notebook, path)
    except NoParameters:
        pass
    except UnusableParameters as error:
        trouble = str(error)
    return {
        "parameters": [{"name": name, "default": _typed(value)} for name, value in known.items()],
        "trouble": trouble,
        "engines": jobs.available(),
        "output": f"{path.stem}.out.ipynb",
    }


def _typed(default: Optional[ast.expr]) -> str:
    """Return a default as a user would type it: a text without quotes, all else as in Python."""
    if default is None:
        return ""
    if isinstance(default, ast.Constant) and isinstance(default.value, str):
        return default.value
    return ast.unparse(default)


def notebook_path(given: object, root: Path) -> Path:
    """Return the path of a notebook, which a page names as the contents API does.

    Raises:
        InvalidSetting: it names none.
    """
    return root / _text("notebook", given, "the path of a notebook or script, below the folder that Jupyter shows")


def wish(body: Mapping[str, Any], root: Path) -> Wish:
    """Return what a page asks for.

    Raises:
        InvalidSetting: a value is of the wrong form.
    """
    path = notebook_path(body.get("notebook"), root)
    output = body.get("output", "")
    return Wish(
        notebook=path,
        output=path.parent / _text("output", output, "the name of a notebook") if output else None,
        given=list(_parameters(body.get("parameters", {})).items()),
        folder=path.parent,
    )


def values_of_lists(wish: Wish) -> List[Dict[str, str]]:
    """Return the texts of the parameters that have lists, a dictionary for each job; lists lie beside the notebook.

    Raises:
        ListUnusable: one cannot be used.
        InvalidSetting: all jobs would write the same output.
    """
    if wish.output is not None:
        raise InvalidSetting("output", str(wish.output), "left out: each job of an array writes into its folder")
    return lists.rows(wish.given, wish.notebook.parent)


def _parameters(given: object) -> Dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise InvalidSetting("parameters", given, 'names and texts, like {"vis": "my.ms"}')
    return given


def engine(body: Mapping[str, Any]) -> str:
    """Return the engine that a page asks for.

    Raises:
        InvalidSetting: there is no such engine.
    """
    given = body.get("engine", HERE)
    if given not in list(jobs.ENGINES):
        raise InvalidSetting("engine", given, " or ".join(jobs.ENGINES))
    return str(given)


def options(body: Mapping[str, Any]) -> List[str]:
    """Return the options for sbatch that a page asks for, which its user typed as for a shell.

    Raises:
        InvalidSetting: it is no text, or a quote is not closed.
    """
    given = body.get("options", "")
    try:
        return shlex.split(given) if given else []
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidSetting("options", given, f"words as a shell takes them ({error})") from error


def _text(name: str, given: object, expected: str) -> str:
    if not isinstance(given, str) or not given or "\0" in given:
        raise InvalidSetting(name, given, expected)
    return given
