"""The table of tasks that draw, held against the CASA that is installed."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import warnings
from pathlib import Path
from typing import Dict, Iterator, Set, Tuple

import pytest
from casa_kernel.drawing.catalogue import (
    DRAWING_TASKS,
    FIGURE_TASKS,
    INTERACTIVE_TASKS,
    NAMES,
    WINDOW_TASKS,
)

# What a parameter is called that makes a task draw or wait at a window. Those of pages are about printed text.
PROMISES = re.compile(
    r"plot|fig(?!ure of)|^display$|interactive|gui$|graphics|^show(?!version|progress|flags)", re.IGNORECASE
)
# Parameters that promise a plot but make none, and tasks that import matplotlib for its arithmetic.
DRAW_NOTHING: Dict[str, Dict[str, str]] = {
    "predictcomp": {
        "showplot": "CASA 6 no longer holds the code that plotted",
        "savefig": "likewise",
        "showbl0flux": "likewise",
    },
    "fluxscale": {"display": "CASA 6 no longer holds the code that drew the histogram"},
    "polfromgain": {},
}

# Modules of casatasks.private, besides the tasks' own, that import matplotlib, and what becomes of their plots.
MODULES: Dict[str, str] = {
    "simutil": "drawn by simobserve, simalma and simanalyze",
    "flaghelper": "the predecessor of flagcmd's plot; no task calls it",
    "partitionhelper": "plots of a partition's balance; no task asks for them",
    "tec_maps": "called by users themselves; its figure is pyplot's, and the notebook shows it as any other",
    "imagerhelpers.imager_base": "tclean's summary plot; no task asks for it",
    "imagerhelpers.msuvbinflag_algorithms": "drawn by msuvbinflag",
}
KNOWN = {row.name for rows in (DRAWING_TASKS, FIGURE_TASKS, WINDOW_TASKS, INTERACTIVE_TASKS) for row in rows}


def package() -> Path:
    spec = importlib.util.find_spec("casatasks")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def nodes(file: Path) -> Iterator[ast.AST]:
    with warnings.catch_warnings():
        # CASA's regular expressions have backslashes that Python warns of.
        warnings.simplefilter("ignore")
        return ast.walk(ast.parse(file.read_text()))


def parameters() -> Iterator[Tuple[str, Set[str]]]:
    """Yield each task of the installed CASA with its parameters, without importing CASA, which is for kernels."""
    for file in sorted(package().glob("*.py")):
        for node in nodes(file):
            if isinstance(node, ast.FunctionDef) and node.name == "__call__":
                yield file.stem, {argument.arg for argument in node.args.args} - {"self"}


TASKS: Dict[str, Set[str]] = dict(parameters())


def imports_matplotlib(file: Path) -> bool:
    for node in nodes(file):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        if any(name.partition(".")[0] in {"matplotlib", "pylab"} for name in names):
            return True
    return False


def test_there_are_tasks_to_look_at() -> None:
    assert len(TASKS) > 100


@pytest.mark.parametrize("task", sorted(TASKS))
def test_each_task_with_a_plot_or_a_window_is_in_the_table(task: str) -> None:
    promising = {name for name in TASKS[task] if PROMISES.search(name)}
    assert task in KNOWN or promising <= set(DRAW_NOTHING.get(task, {})), f"{task} has {promising}"


def test_each_module_that_imports_matplotlib_is_in_the_table() -> None:
    private = package() / "private"
    files = (file for file in private.rglob("*.py") if imports_matplotlib(file))
    found = {".".join(file.relative_to(private).with_suffix("").parts) for file in files}
    own = {f"task_{name}" for name in (*KNOWN, *DRAW_NOTHING)}
    assert found <= own | set(MODULES)


@pytest.mark.parametrize("row", [row for row in (*FIGURE_TASKS, *INTERACTIVE_TASKS) if row.name in TASKS])
def test_each_row_names_parameters_that_its_task_has(row: object) -> None:
    words = {each.parameter for each in row.inputs}  # type: ignore[attr-defined]
    for name in ("draws_with", "fixed", "with_file"):
        words |= set(getattr(row, name, {}))
    words |= {getattr(row, name, "") for name in ("window", "file", "switch")} - {""}
    assert words <= TASKS[row.name]  # type: ignore[attr-defined]


def test_the_table_s_reasons_are_sentences_for_users() -> None:
    for row in WINDOW_TASKS:
        assert len(row.why.split()) > 5
        assert inspect.cleandoc(row.why) == row.why


def test_each_task_with_a_picture_or_a_window_has_a_mode() -> None:
    # These have a window only when they are told to wait for the user.
    waiting = {row.name for row in INTERACTIVE_TASKS} - {row.name for row in FIGURE_TASKS}
    assert set(NAMES) == KNOWN - waiting | {"casalogger"}
