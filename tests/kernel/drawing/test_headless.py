"""Pictures in cells, without any X server."""

from __future__ import annotations

import base64
import io
import os
import select
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ...support.living import below, name_of
from ...support.notebook import Cell, Notebook


def picture(cell: Cell) -> Any:
    """Return the only picture of a cell as an array of height x width x 3."""
    assert cell.error is None, cell.error
    (data,) = (data for data in cell.displayed if "image/png" in data)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB"))


def test_tasks_and_tools_are_there_without_an_import(notebook: Notebook) -> None:
    cell = notebook.run("print(callable(tclean), callable(simobserve), qa.quantity('2Jy')['value'], ia, tb, ms, msmd)")
    assert cell.text.startswith("True True 2.0 <casatools.image.image")


def test_viewer_draws_the_image_and_the_same_call_the_same_picture(notebook: Notebook) -> None:
    first, second = (picture(notebook.run("viewer('dirty.image')")) for _ in range(2))
    assert first.shape == second.shape
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 50, "there is no image in the picture"
    assert (first == second).all()


@pytest.mark.parametrize("call", ["imview('dirty.image')", "msview('sim.ms')", "plotms('sim.ms', xaxis='uvdist')"])
def test_every_task_that_draws_leaves_a_picture_in_the_cell(notebook: Notebook, call: str) -> None:
    assert picture(notebook.run(call)).std() > 5


def test_the_picture_says_what_it_shows_and_how_it_came_about(notebook: Notebook) -> None:
    (content,) = notebook.run("viewer('dirty.image', zoom=2)").of("display_data")
    casa = content["metadata"]["casa"]
    assert content["metadata"]["image/png"]["alt"] == "viewer(infile='dirty.image', zoom=2)"
    assert (casa["task"], casa["parameters"]["zoom"]) == ("viewer", "2")
    assert casa["version"].startswith("6.")


def test_the_user_s_own_file_is_written_and_shown(notebook: Notebook, tmp_path: Path) -> None:
    for call in (
        f"viewer('dirty.image', outfile='{tmp_path}/a.pdf', outformat='pdf')",
        f"plotms('sim.ms', plotfile='{tmp_path}/b.png')",
    ):
        assert picture(notebook.run(call)).std() > 5
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "b.png").stat().st_size > 1000


def test_casalogger_shows_the_end_of_the_log(notebook: Notebook) -> None:
    notebook.run("casalog.post('a word in the log')")
    (data,) = notebook.run("casalogger()").logs
    assert "a word in the log" in data["text/plain"]
    assert "<td" in data["text/html"]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("viewer('nowhere.image')", "NoSuchPath"),
        ("viewer('/tmp')", "WrongKind"),
        ("viewer(5)", "BadParameter"),
        ("viewer('dirty.image', zom=1)", "BadParameter"),
        ("viewer('dirty.image', gui='yes')", "BadParameter"),
        ("viewer()", "BadParameter"),
        ("msview('dirty.image')", "WrongKind"),
        ("imview(raster={'file': 'nowhere.image'})", "NoSuchPath"),
        ("plotms('nowhere.ms')", "NoSuchPath"),
        ("plotms('sim.ms', xaxis=5)", "BadParameter"),
        ("plotms('sim.ms', xaxis='sideways')", "BadParameter"),
        ("tclean(vis='nowhere.ms', imagename='x', interactive=True)", "NoSuchPath"),
        ("casalogger('nowhere.log')", "NoSuchPath"),
    ],
)
def test_bad_input_gives_one_clear_error_and_no_hang(notebook: Notebook, call: str, error: str) -> None:
    cell = notebook.run(call, timeout=15)
    assert cell.error is not None
    assert (cell.error["ename"], len(cell.error["traceback"])) == (error, 1)
    assert notebook.run("print(1 + 1)").text == "2\n"


def test_the_signature_and_documentation_stay_casa_s(notebook: Notebook) -> None:
    cell = notebook.run(
        "import inspect\n"
        "ours, theirs = (list(inspect.signature(task).parameters) for task in (plotms, plotms.stock))\n"
        "print(ours == theirs + ['gui'], plotms.__doc__ == type(plotms.stock).__doc__)"
    )
    assert cell.text == "True True\n"


def test_a_tool_that_was_killed_is_started_again(notebook: Notebook) -> None:
    notebook.run("viewer('dirty.image')")
    (viewer,) = (each for each in below(notebook.pid, recursive=False) if name_of(each) == "casaviewer")
    descriptor = os.pidfd_open(viewer.pid)
    viewer.kill()
    assert select.select([descriptor], [], [], 10)[0], "it did not end"
    os.close(descriptor)
    assert picture(notebook.run("viewer('dirty.image')")).std() > 5


def test_imview_takes_its_file_in_a_dictionary(notebook: Notebook, tmp_path: Path) -> None:
    cell = notebook.run(f"imview('dirty.image', out={{'file': '{tmp_path}/a.png', 'format': 'png', 'scale': 1.5}})")
    assert cell.error is None
    assert (tmp_path / "a.png").is_file()
    assert any("image/png" in data for data in cell.displayed)
