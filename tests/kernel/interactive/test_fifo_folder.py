"""The FIFOs that CASA's C++ makes for its windows, and TMPDIR, which says where."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Callable, Dict

import pytest
from inotify_simple import INotify, flags

from ...support.living import below, variables, with_word
from ...support.mask_editor import MaskEditor
from ...support.notebook import Notebook
from ...support.processes import ended
from ...support.screen import Screen, XHand

CALLS = {
    "vwr-": "tclean('sim.ms', imagename='{name}', imsize=128, cell='0.4arcsec', niter=40, interactive=True)",
    "cps-": "flagdata('line.ms', mode='manual', antenna='1', display='data', action='calculate', flagbackup=False)",
}
# A child of the notebook's own, started while the mask editor is open.
ASK = """
import os, subprocess, tempfile, threading
def ask():
    open({gate!r}).read()
    print(os.environ['TMPDIR'], tempfile.gettempdir(), subprocess.getoutput('echo $TMPDIR'))
asking = threading.Thread(target=ask)
asking.start()
"""
Find = Callable[[], Dict[str, str]]


def kill_at(prefix: str, pid: int, *folders: Path) -> None:
    """Kill a process as soon as a file whose name begins with ``prefix`` is made in one of the folders."""
    with INotify() as news:
        for folder in folders:
            news.add_watch(str(folder), flags.CREATE)
        while not any(event.name.startswith(prefix) for event in news.read()):
            pass
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("prefix", CALLS)
def test_a_kernel_killed_as_a_fifo_appears_leaves_none(
    spectral_line: Path, environment: Dict[str, str], runtime_directory: Path, record: Find, prefix: str
) -> None:
    before = {*runtime_directory.glob(".kernel-*")}
    with Notebook(spectral_line, environment) as kernel:
        kernel.run("%casa_tools")
        (own,) = {*runtime_directory.glob(".kernel-*")} - before
        kernel.client.execute(CALLS[prefix].format(name="killed"))
        helpers = below(kernel.pid)
        kill_at(prefix, kernel.pid, own, Path(environment["TMPDIR"]))
        assert ended(helpers, 20)
    assert not own.exists()
    assert not list(Path(environment["TMPDIR"]).glob(prefix + "*"))


def test_programs_find_the_user_s_folder_for_temporary_files_while_the_mask_editor_is_open(
    environment: Dict[str, str], tmp_path: Path, notebook: Notebook, record: Find
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    theirs = environment["TMPDIR"]
    found = []

    def look() -> None:
        with Screen(record()) as screen:
            MaskEditor.wait_for(screen, XHand(screen))
            editors = with_word(below(notebook.pid), "mask-editor")
            found.extend(variables(each).get("TMPDIR") for each in editors)
            gate.write_text("")
            notebook.manager.interrupt_kernel()

    notebook.run(ASK.format(gate=str(gate)) + CALLS["vwr-"].format(name="told"), timeout=30, meanwhile=look)
    assert found
    assert set(found) == {theirs}
    said = notebook.run("asking.join(); print(os.environ['TMPDIR'], subprocess.getoutput('echo $TMPDIR'))").text
    assert said.split()[-2:] == [theirs, theirs]
