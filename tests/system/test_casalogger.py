"""``casalogger`` shows the log of the session that called it."""

from __future__ import annotations

from typing import Callable

from ..support.lab import Lab, colours
from ..support.screen import Screen


def test_casalogger_puts_the_sessions_log_into_the_cell(lab: Lab) -> None:
    notebook = lab.notebook('casalog.post("a word from the session")', "casalogger(gui=False)")
    notebook.run(0)
    assert "a word from the session" in notebook.run(1)


def test_live_casalogger_follows_the_sessions_log(lab: Lab, screen: Callable[[], Screen]) -> None:
    notebook = lab.notebook(
        "casalogger(gui=True)",
        'for number in range(20): casalog.post(f"line {number} of the session")',
        "casalog.logfile()",
    )
    notebook.run(0)
    canvas, desktop = lab.desktop(), screen()
    canvas.wait_for_size_of(desktop)
    window = desktop.wait_for_window("Log Messages")
    log = notebook.run(2).strip().strip("'")
    assert log in window.title
    desktop.wait_until(lambda: colours(window.cut(desktop.pixels())) > 20, "text in the log window")
    before = window.cut(desktop.pixels())
    notebook.run(1)
    desktop.wait_until(lambda: (window.cut(desktop.pixels()) != before).mean() > 0.005, "new lines in the log window")
