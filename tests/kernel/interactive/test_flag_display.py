"""The display of flagdata, and what ends it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest

from casa_desktop.desktop import lifecycle

from ...support.notebook import Cell, Notebook
from ...support.screen import Screen, XHand

FLAG = "print(flagdata('line.ms', mode='manual', antenna='1', display='data', action='calculate', flagbackup=False))"
# From the window's lower right corner to the button Quit, and from its upper right one to its closing button.
QUIT = (60, 38)
CROSS = 14
Find = Callable[[], Dict[str, str]]


@pytest.fixture(scope="module")
def notebook(spectral_line: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel that works in the folder of the observation."""
    with Notebook(spectral_line, kernel_environment) as kernel:
        yield kernel


def flag(notebook: Notebook, record: Find, act: Callable[[Screen, Any], object]) -> Cell:
    """Run flagdata with its display, and ``act`` once it is drawn."""

    def meanwhile() -> None:
        with Screen(record()) as screen:
            window = screen.wait_for_window("casaplotserver")
            screen.wait_until(lambda: bool(window.cut(screen.pixels()).std() > 20), "plots")
            screen.wait_until_still()
            # It has grown with its plots.
            act(screen, screen.wait_for_window("casaplotserver"))

    return notebook.run(FLAG, meanwhile=meanwhile)


def quit_and_close(screen: Screen, window: Any) -> None:
    XHand(screen).click((window.left + window.width - QUIT[0], window.top + window.height - QUIT[1]))
    close(screen, window)


def close(screen: Screen, window: Any) -> None:
    XHand(screen).click((window.left + window.width - CROSS, window.top - CROSS))


@pytest.mark.parametrize("act", [close, quit_and_close])
def test_the_data_are_shown_on_the_desktop_until_the_user_ends_it(
    notebook: Notebook, record: Find, act: Callable[[Screen, Any], None]
) -> None:
    cell = flag(notebook, record, act)
    assert cell.error is None
    assert "flagdata waits for you on the CASA Desktop" in "".join(data["text/plain"] for data in cell.displayed)
    assert cell.text.strip().endswith("}")


@pytest.mark.parametrize(
    ("end", "error"),
    [("interrupt", "KeyboardInterrupt"), ("stop the desktop", "ViewerLost")],
)
def test_it_ends_with_an_interrupt_and_with_its_desktop(
    notebook: Notebook,
    record: Find,
    environment: Dict[str, str],
    children_of: Callable[[int], List[str]],
    end: str,
    error: str,
) -> None:
    def act(_screen: Screen, _window: Any) -> None:
        if end == "interrupt":
            notebook.manager.interrupt_kernel()
        else:
            lifecycle.stop("main")

    cell = flag(notebook, record, act)
    assert cell.error is not None
    assert cell.error["ename"] == error
    assert not [line for line in children_of(notebook.pid) if "casaplotserver" in line]
    assert not list(Path(environment["TMPDIR"]).glob("cps-*"))
    assert notebook.run("print(1 + 1)").text == "2\n"


def test_what_it_flags_is_kept_and_can_be_taken_back(notebook: Notebook, record: Find) -> None:
    flags = "tb.open('line.ms'); {} = tb.getcol('FLAG'), tb.getcol('FLAG_ROW'); tb.close()"
    notebook.run(flags.format("before"))

    def meanwhile() -> None:
        with Screen(record()) as screen:
            window = screen.wait_for_window("casaplotserver")
            screen.wait_until(lambda: bool(window.cut(screen.pixels()).std() > 20), "plots")
            screen.wait_until_still()
            close(screen, screen.wait_for_window("casaplotserver"))

    cell = notebook.run(FLAG.replace("calculate", "apply"), meanwhile=meanwhile)
    assert cell.error is None
    assert "visibilities flagged" in cell.displayed[-1]["text/plain"]
    assert "kept in line.ms.hand/0001; %casa_hand undo takes it back" in cell.displayed[-1]["text/plain"]
    assert "taken back" in notebook.run("%casa_hand undo").text
    notebook.run(flags.format("after"))
    assert notebook.run("print(all((a == b).all() for a, b in zip(before, after)))").text == "True\n"
