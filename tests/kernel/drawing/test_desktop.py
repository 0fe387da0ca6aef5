"""Which desktop a kernel uses, and that it is known to work with it."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from casa_desktop.desktop import lifecycle, registry, usage
from casa_desktop.x11 import screenshots

from ...support.mask_editor import TITLE, MaskEditor
from ...support.notebook import Cell, Notebook
from ...support.screen import Screen, XHand
from .test_live import CLEAN, READ
from .test_snapshot import completions

FORK = """
import ctypes
import os
forked = {fork}
if not forked:
    ctypes.CDLL(None).sleep(1000)
print(forked)
"""
BUSY = "from casa_desktop.desktop import registry, usage; print(usage.is_working(registry.running({name!r})))"


@pytest.fixture(autouse=True)
def _desktops(runtime_directory: Path) -> Iterator[None]:
    """Desktops end with the test."""
    yield
    for record in registry.list_desktops():
        lifecycle.stop(record.name)


@pytest.fixture(autouse=True)
def _back_to_main(notebook: Notebook) -> Iterator[None]:
    yield
    notebook.run("%casa_desktop main")


def titles(name: str) -> List[str]:
    record = registry.find(name)
    assert record is not None
    return screenshots.titles(record)


def screen_of(name: str) -> Screen:
    record = registry.find(name)
    assert record is not None
    return Screen({"display": record.display, "xauthority": record.xauthority})


def opened(cell: Cell) -> List[Any]:
    return [each["data"] for each in cell.of("comm_open")]


def test_the_magic_shows_the_desktop_in_use_and_those_that_run(notebook: Notebook) -> None:
    assert notebook.run("%casa_desktop").text == "main (not running; it starts with the first window)\n"
    lifecycle.ensure("orion")
    assert notebook.run("%casa_desktop").text.splitlines()[1:] == ["also running: orion"]
    assert notebook.run("%casa_desktop orion").text.startswith("orion (running, display :")
    assert "orion" in completions(notebook, "%casa_desktop o")


def test_a_bad_name_is_answered_in_one_sentence_and_changes_nothing(notebook: Notebook) -> None:
    error = notebook.run("%casa_desktop ../orion").error
    assert error is not None
    assert (error["ename"], len(error["traceback"])) == ("InvalidName", 1)
    assert "'../orion' is no name for a desktop" in error["evalue"]
    assert notebook.run("%casa_desktop").text.startswith("main (")


def test_live_tools_notices_and_snapshots_follow_and_windows_stay_where_they_are(notebook: Notebook) -> None:
    notebook.run("viewer('dirty.image', gui=True)")
    notebook.run("%casa_desktop orion")
    cell = notebook.run("viewer('dirty.image', gui=True)")
    assert cell.error is None
    assert {"action": "open", "name": "orion"} in opened(cell)
    assert any('href="/casa-desktop/orion/"' in data.get("text/html", "") for data in cell.displayed)
    for name in ("main", "orion"):
        assert len([title for title in titles(name) if TITLE in title]) == 1
    lifecycle.stop("main")
    assert "image/png" in notebook.run("%casa_snapshot").displayed[-1]


def test_back_on_a_former_desktop_its_own_tool_draws(notebook: Notebook) -> None:
    for name in ("main", "orion", "main"):
        notebook.run(f"%casa_desktop {name}")
        assert notebook.run("plotms('sim.ms', gui=True)").error is None
        assert notebook.run("viewer('dirty.image', gui=True)").error is None
    # The second call on main drew in the window that was there, and in no other desktop's.
    assert [len([title for title in titles(name) if TITLE in title]) for name in ("main", "orion")] == [2, 1]
    assert sum("PlotMS" in title for title in titles("main")) == 1


def test_a_window_of_its_own_replaces_only_the_one_on_the_same_desktop(notebook: Notebook) -> None:
    for name in ("main", "orion", "orion"):
        notebook.run(f"%casa_desktop {name}")
        assert notebook.run("casalogger(gui=True)").error is None
    for name in ("main", "orion"):
        with screen_of(name) as screen:
            screen.wait_for_window("Log Messages")
        assert sum("Log Messages" in title for title in titles(name)) == 1


def test_the_mode_auto_goes_by_the_desktop_in_use(notebook: Notebook) -> None:
    usage.watch(lifecycle.ensure("orion"))
    notebook.run("%casa_mode auto")
    assert not opened(notebook.run("viewer('dirty.image')"))
    notebook.run("%casa_desktop orion")
    assert opened(notebook.run("viewer('dirty.image')"))
    notebook.run("%casa_mode headless")


def test_the_mask_editor_opens_on_the_desktop_in_use(notebook: Notebook) -> None:
    def draw() -> None:
        with screen_of("orion") as screen:
            editor = MaskEditor.wait_for(screen, XHand(screen))
            editor.draw((0.40, 0.62), (0.58, 0.38))
            editor.go_on()

    notebook.run("%casa_desktop orion")
    cell = notebook.run(CLEAN.format(name="elsewhere"), timeout=30, meanwhile=draw)
    assert cell.error is None
    size, share, flux = map(float, notebook.run(READ.format(name="elsewhere")).text.split())
    assert (size > 0, share) == (True, 1), "what was drawn did not arrive"
    assert flux == pytest.approx(1, abs=0.5)
    assert registry.find("main") is None


def test_the_environment_names_a_new_kernel_s_desktop(tmp_path: Path, kernel_environment: Dict[str, str]) -> None:
    with Notebook(tmp_path, {**kernel_environment, "CASA_DESKTOP_NAME": "orion"}) as kernel:
        assert kernel.run("%casa_desktop").text.startswith("orion (")
    with Notebook(tmp_path, {**kernel_environment, "CASA_DESKTOP_NAME": "o/r"}) as kernel:
        first = kernel.run("%casa_desktop").text
    assert "CASA_DESKTOP_NAME: 'o/r' is no name for a desktop" in first
    assert "main (" in first


def test_a_cell_that_runs_counts_as_work_on_the_desktop_in_use(notebook: Notebook) -> None:
    lifecycle.ensure("main")
    assert notebook.run(BUSY.format(name="main")).text == "True\n"
    assert not usage.is_working(registry.running("main"))
    # So does the rest of a cell that starts a desktop or goes over to another one.
    lifecycle.ensure("orion")
    assert notebook.run(f"%casa_desktop orion\n{BUSY.format(name='orion')}").text.endswith("True\n")
    notebook.run("%casa_desktop vega")
    assert notebook.run(f"casalogger(gui=True)\n{BUSY.format(name='vega')}").text.endswith("True\n")
    for name in ("main", "orion", "vega"):
        assert not usage.is_working(registry.running(name))


@pytest.mark.parametrize("fork", ["os.fork()", "ctypes.CDLL(None).fork()"])
def test_what_a_cell_has_forked_does_not_count_as_work(notebook: Notebook, fork: str) -> None:
    lifecycle.ensure("main")
    forked = int(notebook.run(FORK.format(fork=fork)).text)
    assert not usage.is_working(registry.running("main"))
    os.kill(forked, signal.SIGKILL)


def test_an_interrupted_cell_works_no_more(notebook: Notebook) -> None:
    lifecycle.ensure("main")
    interrupt = threading.Event()

    def meanwhile() -> None:
        assert usage.is_working(registry.running("main"))
        interrupt.set()
        notebook.manager.interrupt_kernel()

    cell = notebook.run("import time; display(1)\nwhile True: time.sleep(1)", meanwhile=meanwhile)
    assert cell.error is not None
    assert interrupt.is_set()
    assert not usage.is_working(registry.running("main"))


def test_a_kernel_starts_desktops_with_the_idle_limit_of_its_environment(
    tmp_path: Path, kernel_environment: Dict[str, str]
) -> None:
    with Notebook(tmp_path, {**kernel_environment, "CASA_DESKTOP_IDLE_MINUTES": "90"}) as kernel:
        assert kernel.run("casalogger(gui=True)").error is None
    record = registry.find("main")
    assert record is not None
    assert record.idle_minutes == 90
