"""Tools and the mask editor where a notebook has more than 1,023 files open, or closes one too many."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Dict

from ..support.living import below, with_word
from ..support.mask_editor import MaskEditor
from ..support.notebook import Notebook
from ..support.screen import Screen, XHand
from ..support.shortage import descriptors

CLEAN = "tclean('sim.ms', imagename='{name}', imsize=128, cell='0.4arcsec', niter=40, interactive=True)"
DRAWN = ("viewer('dirty.image')", "plotms('sim.ms')", "viewer('dirty.image', gui=True)", "plotms('sim.ms', gui=True)")


def test_tools_start_and_an_interrupt_ends_cleaning_beyond_a_thousand_open_files(
    notebook: Notebook, record: Callable[[], Dict[str, str]]
) -> None:
    notebook.run("files = [open('/dev/null') for _ in range(1100)]")
    assert descriptors(notebook.pid) > 1100
    for call in DRAWN:
        cell = notebook.run(call)
        assert cell.error is None, call
        assert "image/png" in cell.displayed[-1], call

    def interrupt() -> None:
        with Screen(record()) as screen:
            MaskEditor.wait_for(screen, XHand(screen))
            notebook.manager.interrupt_kernel()

    cell = notebook.run(CLEAN.format(name="many"), timeout=30, meanwhile=interrupt)
    assert cell.error is not None
    assert cell.error["ename"] == "KeyboardInterrupt"
    assert notebook.run("print(len(files))\ndel files").text == "1100\n"


# A function of the notebook's takes what is left just before CASA starts the editor and opens its FIFO.
USE_UP = """
import os, sys
taken = []
def use_up(frame, event, _argument):
    if event == 'call' and frame.f_code.co_name == 'pauseforinteraction' and not taken:
        try:
            while True:
                taken.append(os.open('/dev/null', os.O_RDONLY))
        except OSError:
            pass
sys.setprofile(use_up)
try:
    {call}
finally:
    sys.setprofile(None)
    for each in taken:
        os.close(each)
"""


def test_cleaning_ends_with_an_error_when_casa_could_not_open_its_fifo(
    notebook: Notebook, record: Callable[[], Dict[str, str]]
) -> None:
    pid = notebook.pid
    cell = notebook.run(USE_UP.format(call=CLEAN.format(name="blind")), timeout=60)
    assert record()
    assert cell.error is not None
    assert "This process has reached its limit of" in cell.error["evalue"]
    assert notebook.run("print(len(taken) > 100)").text == "True\n"
    assert notebook.pid == pid


# A library takes a descriptor that is not its own. Were it closed, CASA's next image would get its number,
# and lose it when the watch ends.
CLOSE = """
import os, threading
def close():
    open({gate!r}).read()
    other = os.open('/', os.O_RDONLY)
    for name in os.listdir('/proc/self/fd'):
        path = '/proc/self/fd/' + name
        if os.path.lexists(path) and os.readlink(path).endswith({fifo!r}):
            os.dup2(other, int(name))
    open({gate!r}, 'w').close()
threading.Thread(target=close).start()
"""


def test_cleaning_ends_with_an_error_when_its_mask_editor_can_be_watched_no_more(
    notebook: Notebook, tmp_path: Path, record: Callable[[], Dict[str, str]]
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)

    def close_and_kill() -> None:
        with Screen(record()) as screen:
            MaskEditor.wait_for(screen, XHand(screen))
        gate.write_text("close")
        gate.read_text()
        for each in with_word(below(notebook.pid), "mask-editor"):
            each.kill()

    call = CLOSE.format(gate=str(gate), fifo="mask-editor.life") + CLEAN.format(name="unwatched")
    cell = notebook.run(call, timeout=30, meanwhile=close_and_kill)
    assert cell.error is not None
    assert cell.error["ename"] == "ViewerLost"
    assert notebook.run("print(1 + 1)").text == "2\n"
