"""Tools that die, stall or are interrupted in the middle of a call."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Iterator

import psutil
import pytest
from casa_kernel.errors import NoRoom, writing

from ...support.living import below, is_alive, name_of
from ...support.notebook import Notebook

# Sends the signal to the viewer at the moment when the client is about to ask it to load an image.
SEND = """
import os, sys
def send(frame, event, _argument):
    if event == 'call' and frame.f_code.co_name == 'load' and 'viewertool' in frame.f_code.co_filename:
        {once}
        os.kill({viewer}, {number})
sys.setprofile(send)
"""
# Finds the viewer of this moment, which may be another one than before.
NEWEST = (
    "[each.pid for each in psutil.process_iter(['ppid', 'name'])"
    " if each.info['ppid'] == os.getpid() and 'casaviewer' in each.info['name']][-1]"
)


@pytest.fixture
def viewer(notebook: Notebook) -> Iterator[psutil.Process]:
    """The viewer without a window, which is running."""
    assert "image/png" in notebook.run("viewer('dirty.image')").displayed[-1]
    yield next(each for each in below(notebook.pid, recursive=False) if "casaviewer" in name_of(each))
    notebook.run("sys.setprofile(None)")


def test_a_tool_that_dies_in_the_middle_of_a_call_is_replaced_and_the_call_repeated(
    notebook: Notebook, viewer: psutil.Process
) -> None:
    notebook.run(SEND.format(once="sys.setprofile(None)", viewer=viewer.pid, number=9))
    cell = notebook.run("viewer('dirty.image')")
    assert cell.error is None
    assert "image/png" in cell.displayed[-1]
    assert not is_alive(viewer)


@pytest.mark.usefixtures("viewer")
def test_a_tool_that_always_dies_is_a_clear_error(notebook: Notebook) -> None:
    notebook.run("import psutil\n" + SEND.format(once="", viewer=NEWEST, number=9))
    cell = notebook.run("viewer('dirty.image')")
    assert cell.error is not None
    assert (cell.error["ename"], len(cell.error["traceback"])) == ("ToolLost", 1)
    assert "casaviewer ended in the middle of viewer" in cell.error["evalue"]
    notebook.run("sys.setprofile(None)")
    assert "image/png" in notebook.run("viewer('dirty.image')").displayed[-1]


def test_a_tool_that_stalls_is_replaced_and_the_call_repeated(notebook: Notebook, viewer: psutil.Process) -> None:
    viewer.send_signal(signal.SIGSTOP)
    cell = notebook.run("viewer('dirty.image')")
    assert cell.error is None
    assert "image/png" in cell.displayed[-1]


def test_a_drawing_that_is_interrupted_ends_at_once_with_its_tool(notebook: Notebook, viewer: psutil.Process) -> None:
    viewer.send_signal(signal.SIGSTOP)
    cell = notebook.run(
        "display({'text/plain': 'begun'}, raw=True)\nviewer('dirty.image')",
        meanwhile=lambda: os.kill(notebook.pid, signal.SIGINT),
    )
    assert cell.error is not None
    assert cell.error["ename"] == "KeyboardInterrupt"
    assert "image/png" in notebook.run("viewer('dirty.image')").displayed[-1]


def test_only_a_full_disk_is_told_to_need_room(tmp_path: Path) -> None:
    with pytest.raises(NoRoom, match=r"rc: No such file or directory\. Restart the kernel; if"), writing(tmp_path):
        (tmp_path / "viewer" / "rc").write_text("")
    with pytest.raises(NoRoom, match=r"No space left on device\. Make room there, or set"), writing(tmp_path):
        Path("/dev/full").write_text("words")
