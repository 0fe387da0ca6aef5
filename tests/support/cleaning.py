"""Interactive cleanings of the simulated observation, drawn with the mouse in the real casaviewer."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Sequence

from .mask_editor import MaskEditor
from .notebook import Cell, Notebook
from .screen import Screen, XHand

Find = Callable[[], Dict[str, str]]
Act = Callable[[MaskEditor], None]

PLANE = "'sim.ms', imsize=128, cell='0.4arcsec', niter=60, cycleniter=20"


IMAGES = ("psf", "pb", "residual", "model", "mask", "image")
# Reads the pixels of an image, if there is one, in a process that has not made it.
DIGEST = """
import hashlib, json, os
def digest(name):
    if not os.path.isdir(name):
        return None
    ia.open(name)
    pixels = ia.getchunk()
    ia.done()
    return [list(pixels.shape), hashlib.sha256(pixels.tobytes()).hexdigest()]
"""


def call(arguments: str, name: str, more: str = "", task: str = "tclean") -> str:
    return f"result = {task}({arguments}, imagename='{name}', interactive=True{more})"


def draw(notebook: Notebook, record: Find, code: str, *acts: Act, timeout: float = 60) -> Cell:
    """Run a cleaning and act at each of its questions; return the cell.

    Args:
        timeout: how long the first question may be waited for, and how long no message may come then, in seconds.
    """

    def meanwhile() -> None:
        with Screen(record()) as screen:
            editor = MaskEditor.wait_for(screen, XHand(screen), timeout)
            for act in acts:
                act(editor)

    return notebook.run(code, timeout=timeout, meanwhile=meanwhile)


def first(editor: MaskEditor) -> None:
    editor.draw((0.40, 0.62), (0.58, 0.38))
    editor.fill("cycleniter", "15")
    editor.clean_one_cycle()


def same(poor: Notebook, name: str, other: str, kinds: Sequence[str] = IMAGES) -> None:
    """Check that two cleanings made the same images, to the last bit; ``poor`` has made ``DIGEST`` known."""
    images = pixels(poor, name, kinds)
    assert None not in images.values()
    assert pixels(poor, other, kinds) == images


def pixels(notebook: Notebook, name: str, kinds: Sequence[str] = IMAGES) -> Dict[str, Any]:
    """Return the shape and the digest of each image that a cleaning makes; None where there is none."""
    shown = notebook.run(f"print(json.dumps({{each: digest('{name}.' + each) for each in {tuple(kinds)}}}))").text
    found: Dict[str, Any] = json.loads(shown)
    return found
