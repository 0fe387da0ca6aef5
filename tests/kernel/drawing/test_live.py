"""Windows on a real desktop, and the mask editor of interactive tclean."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Callable, Dict, List, Set

import psutil
import pytest

from casa_desktop.desktop import lifecycle, usage

from ...support.living import below
from ...support.mask_editor import TITLE, MaskEditor
from ...support.notebook import Cell, Notebook
from ...support.screen import Screen, XHand

CLEAN = """
tclean(vis='sim.ms', imagename='{name}', imsize=128, cell='0.4arcsec', specmode='mfs',
       niter=40, cycleniter=20, interactive=True);
"""
# The mask's pixels, the share of the cleaned flux that lies in it, and the flux itself. CASA 6.4 returns no summary.
READ = """
ia.open('{name}.mask')
mask = ia.getchunk()
ia.open('{name}.model')
model = ia.getchunk()
ia.close()
print(int(mask.sum()), (model * mask).sum() / model.sum(), model.sum())
"""
# From a window's upper right corner to the middle of its closing button, in pixels.
CROSS = 14
Find = Callable[[], Dict[str, str]]


def titles(record: Dict[str, str]) -> List[str]:
    with Screen(record) as screen:
        return [window.title for window in screen.windows()]


def test_a_live_viewer_is_a_window_and_the_browser_is_told(notebook: Notebook, record: Find) -> None:
    cell = notebook.run("viewer('dirty.image', gui=True)")
    assert cell.error is None
    with Screen(record()) as screen:
        assert screen.wait_for_window(TITLE).height > 600
    (opened,) = cell.of("comm_open")
    assert (opened["target_name"], opened["data"]) == ("casa-desktop", {"action": "open", "name": "main"})
    assert any('href="/casa-desktop/"' in data.get("text/html", "") for data in cell.displayed)


def test_neither_mode_of_plotms_disturbs_the_other(notebook: Notebook, record: Find) -> None:
    notebook.run("plotms('sim.ms', gui=True)")
    with Screen(record()) as screen:
        screen.wait_for_window("PlotMS")
    for _ in range(2):
        assert "image/png" in notebook.run("plotms('sim.ms', xaxis='uvdist', showgui=False)").displayed[-1]
    assert "PlotMS" in titles(record())


def test_a_live_task_finds_the_desktop_that_came_after_the_one_it_knew(notebook: Notebook, record: Find) -> None:
    notebook.run("viewer('dirty.image', gui=True)")
    lifecycle.stop("main")
    assert notebook.run("viewer('dirty.image', gui=True)").error is None
    with Screen(record()) as screen:
        screen.wait_for_window(TITLE)


def test_the_mode_in_force_decides_where_a_task_draws(notebook: Notebook, record: Find) -> None:
    notebook.run("%casa_mode live casalogger")
    notebook.run("casalogger()")
    with Screen(record()) as screen:
        screen.wait_for_window("Log Messages")
    notebook.run("%casa_mode headless")


def test_auto_is_live_while_somebody_watches_the_desktop(notebook: Notebook, record: Find) -> None:
    check_auto(notebook)


def check_auto(notebook: Notebook) -> None:
    desktop = lifecycle.ensure("main")
    notebook.run("%casa_mode auto")
    assert not notebook.run("viewer('dirty.image')").of("comm_open")
    watching = usage.watch(desktop)
    assert notebook.run("viewer('dirty.image')").of("comm_open")
    os.close(watching)
    assert not notebook.run("viewer('dirty.image')").of("comm_open")
    notebook.run("%casa_mode headless")


def interrupt(notebook: Notebook, _editor: MaskEditor) -> None:
    notebook.manager.interrupt_kernel()


def ask_to_interrupt(notebook: Notebook, _editor: MaskEditor) -> None:
    client = notebook.client
    client.control_channel.send(client.session.msg("interrupt_request", {}))


def close_window(_notebook: Notebook, editor: MaskEditor) -> None:
    window = editor.window
    editor.hand.click((window.left + window.width - CROSS, window.top - CROSS))


def clean(notebook: Notebook, record: Find, name: str, act: Callable[[Notebook, MaskEditor], None]) -> Cell:
    """Run an interactive tclean and ``act`` once it waits; return the cell."""

    def meanwhile() -> None:
        with Screen(record()) as screen:
            editor = MaskEditor.wait_for(screen, XHand(screen))
            act(notebook, editor)

    # A wait that nothing ends is a failure, not a slow success.
    return notebook.run(CLEAN.format(name=name), timeout=30, meanwhile=meanwhile)


def nothing_is_left(notebook: Notebook, children_of: Callable[[int], List[str]], folder: Path) -> bool:
    viewers = [line for line in children_of(notebook.pid) if "mask-editor" in line]
    return not viewers and not list(folder.glob("vwr-*"))


@pytest.mark.parametrize("act", [interrupt, close_window, ask_to_interrupt])
def test_interrupting_or_closing_ends_cleaning_with_keyboard_interrupt(
    notebook: Notebook,
    record: Find,
    environment: Dict[str, str],
    children_of: Callable[[int], List[str]],
    act: Callable[[Notebook, MaskEditor], None],
) -> None:
    cell = clean(notebook, record, act.__name__, act)
    assert cell.error is not None
    assert cell.error["ename"] == "KeyboardInterrupt"
    assert "waits for you on the CASA Desktop" in cell.displayed[0]["text/plain"]
    assert nothing_is_left(notebook, children_of, Path(environment["TMPDIR"]))
    again = notebook.run(CLEAN.format(name=act.__name__).replace("interactive=True", "interactive=False"))
    assert again.error is None, "the images stayed locked"


def test_a_mask_drawn_is_cleaned_and_the_cell_goes_on(notebook: Notebook, record: Find) -> None:
    def draw(_notebook: Notebook, editor: MaskEditor) -> None:
        editor.draw((0.40, 0.62), (0.58, 0.38))
        editor.go_on()

    cell = clean(notebook, record, "drawn", draw)
    assert cell.error is None
    assert "image/png" in cell.displayed[-1], "nothing keeps what the window showed"
    size, share, flux = map(float, notebook.run(READ.format(name="drawn")).text.split())
    # The box is 0.18 of the image wide and 0.24 high; the window shows each of its pixels as two to five.
    assert size == pytest.approx(0.18 * 128 * 0.24 * 128, rel=0.2)
    assert (share, flux) == (1, pytest.approx(1, abs=0.5))


def test_a_desktop_that_goes_away_is_no_silent_result(notebook: Notebook, record: Find) -> None:
    cell = clean(notebook, record, "lost", lambda _notebook, _editor: lifecycle.stop("main") and None)
    assert cell.error is not None
    assert cell.error["ename"] == "ViewerLost"


def test_without_an_x_server_windows_are_refused_at_once(
    observation: Path, environment: Dict[str, str], tmp_path: Path
) -> None:
    # Xvfb makes no desktop; the tools of Qt 4 draw their pictures on it.
    for program in filter(None, map(shutil.which, ("sh", "icewm", "icewm-session", "Xvfb"))):
        tmp_path.joinpath(Path(program).name).symlink_to(program)
    with Notebook(observation, {**environment, "PATH": str(tmp_path)}) as poor:
        # CASA is imported after the start, which a first cell waits for.
        poor.run("tclean")
        for call in ("viewer('dirty.image', gui=True)", CLEAN.format(name="x")):
            cell: Cell = poor.run(call, timeout=15)
            assert cell.error is not None
            assert cell.error["ename"] == "XServerMissing"
        assert "image/png" in poor.run("viewer('dirty.image')").displayed[-1]


def folders_of_kernels(runtime_directory: Path) -> Set[str]:
    return {path.name for path in runtime_directory.glob(".kernel-*")}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_kernel_however_it_ends(
    observation: Path,
    environment: Dict[str, str],
    runtime_directory: Path,
    how: signal.Signals,
) -> None:
    before = folders_of_kernels(runtime_directory)
    with Notebook(observation, environment) as kernel:
        kernel.run("viewer('dirty.image')")
        tools = below(kernel.pid)
        assert len(tools) >= 2
        os.kill(kernel.pid, how)
        _, alive = psutil.wait_procs(tools, timeout=10)
        assert not alive
    assert folders_of_kernels(runtime_directory) <= before
