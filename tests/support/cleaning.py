"""Interactive cleanings of the simulated observation, drawn with the mouse in the real casaviewer."""

from __future__ import annotations

from typing import Callable, Dict

from .mask_editor import MaskEditor
from .notebook import Cell, Notebook
from .screen import Screen, XHand

Find = Callable[[], Dict[str, str]]
Act = Callable[[MaskEditor], None]

PLANE = "'sim.ms', imsize=128, cell='0.4arcsec', niter=60, cycleniter=20"


def call(arguments: str, name: str, more: str = "", task: str = "tclean") -> str:
    return f"result = {task}({arguments}, imagename='{name}', interactive=True{more})"


def draw(notebook: Notebook, record: Find, code: str, *acts: Act) -> Cell:
    """Run a cleaning and act at each of its questions; return the cell."""

    def meanwhile() -> None:
        with Screen(record()) as screen:
            editor = MaskEditor.wait_for(screen, XHand(screen))
            for act in acts:
                act(editor)

    return notebook.run(code, timeout=60, meanwhile=meanwhile)


def first(editor: MaskEditor) -> None:
    editor.draw((0.40, 0.62), (0.58, 0.38))
    editor.fill("cycleniter", "15")
    editor.clean_one_cycle()
