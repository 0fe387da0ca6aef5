"""Arguments that are clear are taken; those that cannot go well are answered before anything begins."""

from __future__ import annotations

import inspect

import pytest
from casa_kernel.checks import arguments

from ...support.notebook import Notebook

CLEAN = "tclean('sim.ms', imagename='asked', imsize=32, cell='1arcsec', {})"


def _task(vis: str = "", interactive: bool = False, channeldiff: bool = False, niter: int = 0) -> None:
    """Has the parameters of a task."""


@pytest.mark.parametrize(
    ("task", "given", "wanted"),
    [
        ("tclean", {"interactive": 1}, {"interactive": True}),
        ("tclean", {"interactive": 2}, {"interactive": 2}),
        ("tclean", {"interactive": "1"}, {"interactive": "1"}),
        ("tclean", {"niter": 1}, {"niter": 1}),
        # One standard deviation.
        ("plotbandpass", {"channeldiff": 1}, {"channeldiff": 1}),
        ("tclean", {"nitr": 1}, {"nitr": 1}),
    ],
)
def test_one_and_zero_are_true_and_false_where_nothing_else_is_meant(task: str, given: object, wanted: object) -> None:
    args, kwargs = arguments.prepared(task, inspect.signature(_task), (), given)  # type: ignore[arg-type]
    assert args == ()
    assert repr(kwargs) == repr(wanted)


@pytest.mark.parametrize(
    ("call", "name", "said"),
    [
        (CLEAN.format("niter='many', interactive=True"), "AssertionError", "niter must be an integer."),
        (CLEAN.format("niter=9, interactive='yes'"), "AssertionError", "interactive must be True or False."),
        (CLEAN.format("niter=9, parallel=True"), "BadParameter", "Leave parallel out."),
        (CLEAN.format("niter=9, parallel=True, interactive=1"), "BadParameter", "Leave parallel out."),
        ("deconvolve('dirty', niter='many', interactive=True)", "AssertionError", "niter must be an integer."),
        ("flagdata('sim.ms', display='data', action='nonsense')", "AssertionError", "unallowed value nonsense."),
    ],
)
def test_wrong_arguments_are_answered_before_a_window_is_announced(
    notebook: Notebook, call: str, name: str, said: str
) -> None:
    cell = notebook.run(call)
    assert cell.error is not None
    assert cell.error["ename"] == name
    assert cell.error["evalue"].endswith(said)
    assert cell.displayed == []


def test_tclean_without_iterations_asks_for_no_mask_and_says_so(notebook: Notebook) -> None:
    cell = notebook.run(CLEAN.format("interactive=True") + "['iterdone']")
    assert "asks for no mask" in cell.text
    assert cell.displayed == []
    assert cell.of("execute_result")[0]["data"]["text/plain"] == "0"


def test_a_cube_is_cleaned_without_mpi_as_in_casa(notebook: Notebook) -> None:
    assert notebook.run(CLEAN.format("specmode='cube', parallel=1, niter=0")).error is None
