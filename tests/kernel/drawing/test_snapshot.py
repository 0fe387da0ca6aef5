"""What is on the desktop, in the cell."""

from __future__ import annotations

import base64
import io
from typing import Any, Callable, Dict, List, Tuple

import pytest
from PIL import Image

from ...support.mask_editor import TITLE
from ...support.notebook import Notebook
from ...support.screen import Screen

Find = Callable[[], Dict[str, str]]


def size(data: Any) -> Tuple[int, int]:
    with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as image:
        width, height = image.size
        return width, height


def colours(data: Any) -> int:
    with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as image:
        return len(image.convert("RGB").getcolors(1 << 24) or ())


def completions(notebook: Notebook, code: str) -> List[str]:
    client = notebook.client
    reply = client.complete(code, reply=True, timeout=30)
    return list(reply["content"]["matches"])


def test_a_snapshot_shows_the_desktop_or_one_of_its_windows(notebook: Notebook, record: Find) -> None:
    notebook.run("viewer('dirty.image', gui=True)")
    with Screen(record()) as screen:
        window = screen.wait_for_window(TITLE)
        desktop = screen.size()
    (whole,) = notebook.run("%casa_snapshot").displayed
    assert size(whole) == desktop
    (alone,) = notebook.run("%casa_snapshot viewer display").displayed
    assert size(alone) == (window.width, window.height)
    assert window.title in completions(notebook, "%casa_snapshot ")
    wrong = notebook.run("%casa_snapshot plotms").error
    assert wrong is not None
    assert (wrong["ename"], len(wrong["traceback"])) == ("NoSuchWindow", 1)
    assert window.title in wrong["evalue"]


def test_a_snapshot_of_no_desktop_says_so(notebook: Notebook) -> None:
    error = notebook.run("%casa_snapshot").error
    assert error is not None
    assert error["ename"] == "NotRunning"


def test_the_words_of_the_mode_s_magic_are_completed(notebook: Notebook) -> None:
    assert {"headless", "live", "auto"} <= set(completions(notebook, "%casa_mode "))
    assert "plotms" in completions(notebook, "%casa_mode live plo")


@pytest.mark.parametrize(
    ("call", "title"),
    [
        ("viewer('dirty.image', gui=True)", TITLE),
        ("plotms('sim.ms', gui=True)", "PlotMS"),
        ("casalogger(gui=True)", "Log Messages"),
    ],
)
def test_a_live_call_leaves_a_small_picture_of_its_window(
    notebook: Notebook, record: Find, call: str, title: str
) -> None:
    *_, shown = notebook.run(call).of("display_data")
    with Screen(record()) as screen:
        window = screen.wait_for_window(title)
    width, height = size(shown["data"])
    assert (width, height) == (window.width, window.height)
    assert colours(shown["data"]) > 20, "the window was empty"
    kept = shown["metadata"]["image/png"]
    assert kept["width"] < width
    assert abs(kept["height"] / kept["width"] - height / width) < 0.01
    assert call.partition("(")[0] in kept["alt"]
