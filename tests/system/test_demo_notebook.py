"""The demo notebook, run from top to bottom as it is shipped; the hand at its mask editor is X's own."""

from __future__ import annotations

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Dict, List

import nbformat
import pytest
from nbclient import NotebookClient

from ..support.mask_editor import MaskEditor
from ..support.screen import Screen, XHand

DEMO = Path(__file__).parents[2] / "casa_desktop" / "demo" / "first-light.ipynb"
PICTURES = ("plotants(vis)", 'plotms(vis, xaxis="uvdist"', 'viewer("dirty.image")', 'viewer("clean.image")')


def test_demo_notebook_runs_from_top_to_bottom(
    place: Path, environment: Dict[str, str], monkeypatch: pytest.MonkeyPatch, screen: Callable[[], Screen]
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    folder = place / "demo"
    folder.mkdir()
    shutil.copy(DEMO, folder)
    notebook = nbformat.read(folder / DEMO.name, as_version=4)

    with ThreadPoolExecutor(1) as pool:
        hands: List[Future[None]] = []

        def lend_a_hand(cell: Any, cell_index: int) -> None:
            if "interactive=True" in cell.source:
                hands.append(pool.submit(_draw_a_mask, screen))

        NotebookClient(
            notebook,
            timeout=120,
            kernel_name="casa",
            resources={"metadata": {"path": str(folder)}},
            on_cell_start=lend_a_hand,
        ).execute()
        assert [hand.result(10) for hand in hands] == [None]

    assert [_picture(notebook, start) for start in PICTURES] == ["image/png"] * len(PICTURES)
    assert (folder / "clean.image").is_dir()


def _draw_a_mask(screen: Callable[[], Screen]) -> None:
    desktop = screen()
    editor = MaskEditor.wait_for(desktop, XHand(desktop))
    editor.draw((0.40, 0.62), (0.60, 0.38))
    editor.go_on()


def _picture(notebook: Any, text: str) -> str:
    """Return the kind of picture that the cell with ``text`` in it has made."""
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code" and text in cell.source)
    kinds = [kind for output in cell.outputs for kind in output.get("data", {})]
    return next((kind for kind in kinds if kind.startswith("image/")), "none")
