"""Tools with a window that answer the kernel and do nothing of what they are told to."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Mapping, Tuple

import psutil
import pytest
from casa_kernel.tools.tool_window import ANSWERS, DIALOG, NONE, SILENT, ToolWindow

from ...support.living import below, is_alive, name_of
from ...support.notebook import Cell, Notebook
from ...support.processes import ended
from ...support.screen import Screen, XHand
from ...support.thread_stop import StoppedThread

Find = Callable[[], Dict[str, str]]
CALLS = {"casaplotms": "plotms('sim.ms', gui=True)", "casaviewer": "viewer('dirty.image', gui=True)"}
# The button that saves the state of casaviewer's window, which opens a dialog for a file's name, in pixels.
SAVE_STATE = (231, 26)
# From a window's upper right corner to the middle of its closing button, in pixels.
CROSS = 14
_FUTEX = "202"


@pytest.fixture
def quick(notebook: Notebook, record: Find) -> Iterator[Notebook]:
    """The kernel, which looks at its tools each second instead of every four."""
    notebook.run(
        "from casa_kernel.tools import clients, stalls as watchdog\nusual, watchdog.PERIOD = watchdog.PERIOD, 1.0"
    )
    yield notebook
    notebook.run("watchdog.PERIOD = usual\n%casa_tools end")
    record()


def window_of(notebook: Notebook, name: str) -> psutil.Process:
    """Have a tool draw in a window; return its process, which is the only one of its kind."""
    notebook.run("%casa_tools end")
    assert notebook.run(CALLS[name]).error is None
    (tool,) = (each for each in below(notebook.pid) if name in name_of(each))
    return tool


def sentence(cell: Cell) -> str:
    assert cell.error is not None, cell.text
    assert len(cell.error["traceback"]) == 1, cell.error["traceback"]
    return f"{cell.error['ename']}: {cell.error['evalue']}"


def draws_anew(notebook: Notebook, name: str, former: psutil.Process) -> bool:
    cell = notebook.run(CALLS[name])
    return ended([former]) and cell.error is None and "image/png" in cell.displayed[-1]


@pytest.mark.parametrize("name", CALLS)
def test_window_whose_drawing_thread_does_nothing_is_given_up_and_the_next_call_gets_another(
    quick: Notebook, name: str
) -> None:
    tool = window_of(quick, name)
    with StoppedThread(tool.pid):
        cell = quick.run(CALLS[name], timeout=30)
        task = CALLS[name].partition("(")[0]
        assert sentence(cell).startswith(
            f"ToolLost: {name} did nothing while its window no longer answered, and was ended in the middle of "
            f"{task}; run it again."
        )
        assert draws_anew(quick, name, tool)


def test_wait_for_such_a_window_is_interrupted_at_once_and_the_next_call_gets_another(quick: Notebook) -> None:
    tool = window_of(quick, "casaplotms")
    # It is asked when it has done nothing for a while, a while before it is given up.
    quick.run(
        "truly = clients._answers\n"
        "def asked(*given):\n print('is asked', flush=True)\n return truly(*given)\n"
        "clients._answers = asked"
    )

    def interrupt() -> None:
        while "is asked" not in quick.client.get_iopub_msg(timeout=30)["content"].get("text", ""):
            pass
        quick.manager.interrupt_kernel()

    with StoppedThread(tool.pid):
        begun = "display({'text/plain': 'begun'}, raw=True)\n"
        cell = quick.run(begun + CALLS["casaplotms"], timeout=30, meanwhile=interrupt)
        assert cell.error is not None
        assert cell.error["ename"] == "KeyboardInterrupt"
        quick.run("clients._answers = truly")
        assert is_alive(tool)
        again = quick.run(CALLS["casaplotms"])
        assert "casaplotms did not draw, and is restarted." in again.text
        assert again.error is None
        assert "image/png" in again.displayed[-1]


def test_window_that_answers_and_has_lost_its_work_is_given_up(quick: Notebook) -> None:
    tool = window_of(quick, "casaplotms")
    with losing(tool) as lose:
        cell = quick.run("display({'text/plain': 'begun'}, raw=True)\n" + CALLS["casaplotms"], meanwhile=lose)
        assert sentence(cell).startswith(
            "ToolLost: casaplotms answered but did not do its work, and was ended in the middle of "
            "plotms; run it again."
        )
        assert draws_anew(quick, "casaplotms", tool)


def test_tool_whose_windows_the_user_has_closed_is_given_up_like_one_without(quick: Notebook, record: Find) -> None:
    tool = window_of(quick, "casaviewer")
    with Screen(record()) as screen:
        window = screen.wait_for_window("Viewer Display Panel")
        XHand(screen).click((window.left + window.width - CROSS, window.top - CROSS))
        screen.wait_until_gone("Viewer Display Panel")
    windows = ToolWindow(tool.pid, {"DISPLAY": record()["display"], "XAUTHORITY": record()["xauthority"]})
    # It destroys a window a moment after it has hidden it.
    while windows.ask(10) != NONE:
        pass
    with StoppedThread(tool.pid):
        cell = quick.run(CALLS["casaviewer"], timeout=30)
        assert "ToolLost: casaviewer answered but did not do its work" in sentence(cell)
        assert draws_anew(quick, "casaviewer", tool)


def test_window_tells_whether_it_has_a_dialog_open_and_keeps_silent_when_frozen(quick: Notebook, record: Find) -> None:
    tool = window_of(quick, "casaviewer")
    window = ToolWindow(tool.pid, {"DISPLAY": record()["display"], "XAUTHORITY": record()["xauthority"]})
    assert window.ask(20) == ANSWERS
    with Screen(record()) as screen:
        seen = screen.wait_for_window("Viewer Display Panel")
        XHand(screen).click((seen.left + SAVE_STATE[0], seen.top + SAVE_STATE[1]))
        screen.wait_for_window("Save State As")
    # A dialog is left alone, however long it is open.
    assert (window.ask(20), window.dialog) == (DIALOG, "Save State As")
    with StoppedThread(tool.pid):
        assert window.ask(1) == SILENT


@contextmanager
def losing(tool: psutil.Process) -> Iterator[Callable[[], None]]:
    """Yield a function that has a tool lose the next call that it takes: its window is at it, and no answer comes.

    It stops the thread that has taken the call and waits for the window; all others go on and answer.
    """
    window, before = StoppedThread(tool.pid), _servers(tool)
    lost: List[StoppedThread] = []

    def lose() -> None:
        takers: Mapping[int, Tuple[str, str]] = {}
        steady = 0
        # Calls that need no window come first, and are over at once.
        while steady < 5:
            # What a thread of another process does is no event.
            threading.Event().wait(0.1)
            now = {tid: each for tid, each in _servers(tool).items() if each[0] == _FUTEX and each != before.get(tid)}
            steady = steady + 1 if now and now == takers else 0
            takers = now
        lost.extend(map(StoppedThread, takers))
        window.go_on()

    try:
        yield lose
    finally:
        for each in (window, *lost):
            each.go_on()


def _servers(tool: psutil.Process) -> Mapping[int, Tuple[str, str]]:
    """Return the threads of a tool's gRPC server: in which system call each is, and how often it has had to wait."""
    found = {}
    for task in Path(f"/proc/{tool.pid}/task").iterdir():
        # It may have ended.
        with suppress(OSError):
            if (task / "comm").read_text().startswith("grpcpp_sync"):
                status = dict(line.partition(":")[::2] for line in (task / "status").read_text().splitlines())
                turns = status["voluntary_ctxt_switches"].strip()
                found[int(task.name)] = (task / "syscall").read_text().split()[0], turns
    return found
