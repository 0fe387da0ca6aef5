"""What a cell logs, as JupyterLab shows it: a line that unfolds to a table."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from ..support.lab import Jupyter, Lab, Notebook

MIME = "application/vnd.casa-desktop.log+json"
Row = List[str]

# Shows a log, and again with what each line of the gate asks for, until that is closed.
CELL = """
import json
names = dict(raw=True, display_id="log of the test")
with open({gate!r}) as gate:
    for number, line in enumerate(gate):
        display({{"text/html": "<b>not this</b>", {mime!r}: json.loads(line)}}, update=number > 0, **names)
"""


def rows(count: int, first: int = 0) -> List[Row]:
    """Return messages with a running number; every tenth is a warning."""
    return [
        [
            f"2026-11-21 11:{number // 60:02d}:{number % 60:02d}",
            "WARN" if number % 10 == 9 else "INFO",
            "imager::tune" if number % 10 == 9 else "tclean::::casa",
            f"message {number}",
        ]
        for number in range(first, first + count)
    ]


def log(messages: List[Row], state: str = "running", **more: Any) -> Dict[str, Any]:
    """Return what the kernel shows under ``MIME``."""
    priorities = [row[1] for row in messages]
    counts = {"total": len(messages), "warn": priorities.count("WARN"), "severe": priorities.count("SEVERE")}
    empty = {"version": 1, "logfile": "/elsewhere/casa.log", "omitted": 0, "progress": None}
    return {**empty, "state": state, "counts": counts, "newest": messages[-1], "messages": messages, **more}


class Running:
    """A cell that runs and shows a log; a context manager, at whose end the cell ends.

    Attributes:
        node: the log on the page.
    """

    def __init__(self, notebook: Notebook, gate: Path) -> None:
        os.mkfifo(gate)
        self.notebook, self.path = notebook, gate

    def __enter__(self) -> Running:
        self.notebook.start(0)
        # Opened when the cell opens the other end.
        self.gate = self.path.open("w")
        self.node = self.notebook.cell(0).locator(".casa-desktop-Log")
        return self

    def show(self, shown: Dict[str, Any]) -> None:
        self.gate.write(json.dumps(shown) + "\n")
        self.gate.flush()

    def __exit__(self, *_: object) -> None:
        self.finish()
        self.path.unlink()

    def finish(self) -> None:
        """End the cell, if that has not been done."""
        # Afterwards something else may be in front of the notebook.
        if not self.gate.closed:
            self.gate.close()
            self.notebook.wait_until_finished(0)


@pytest.fixture
def running(lab: Lab, jupyter: Jupyter) -> Iterator[Running]:
    """A cell whose log the test writes."""
    gate = jupyter.root / "gate"
    # Any kernel will do, and a plain one starts sooner.
    notebook = lab.notebook(CELL.format(gate=str(gate), mime=MIME), kernel="python3")
    with Running(notebook, gate) as cell:
        yield cell


def toggle(node: Locator) -> Locator:
    return node.locator(".casa-desktop-Log-toggle")


def shown_rows(node: Locator) -> Locator:
    return node.locator("tbody tr:visible")


def test_a_log_is_one_line_while_its_cell_runs(running: Running) -> None:
    progress = {"label": "tclean", "fraction": 0.4, "elapsed": 72.3, "detail": "major cycle 3"}
    running.show(log(rows(40), progress=progress))
    node = running.node
    expect(node).to_have_attribute("data-state", "running")
    expect(toggle(node)).to_have_attribute("aria-expanded", "false")
    expect(toggle(node)).to_contain_text("message 39")
    expect(toggle(node).get_by_text("4 warnings")).to_be_visible()
    expect(node.get_by_role("progressbar", name="tclean")).to_have_attribute("aria-valuenow", "40")
    expect(node).to_contain_text(re.compile(r"40%\s*1:1\d\s*major cycle 3"))
    box = node.bounding_box()
    assert box is not None
    assert box["height"] < 32
    expect(running.notebook.cell(0).locator("b", has_text="not this")).to_have_count(0)
    running.show(log(rows(41), state="done"))
    expect(node).to_have_attribute("data-state", "done")
    expect(node.get_by_role("progressbar")).to_be_hidden()
    expect(toggle(node)).to_contain_text("message 40")


def test_the_keyboard_unfolds_it_and_the_filters_outlive_updates(running: Running) -> None:
    running.show(log(rows(40)))
    node, page = running.node, running.node.page
    toggle(node).focus()
    page.keyboard.press("Enter")
    expect(toggle(node)).to_have_attribute("aria-expanded", "true")
    expect(shown_rows(node)).to_have_count(40)
    node.get_by_label("Filter by words").click()
    # In a notebook's command mode these letters would move and delete cells.
    page.keyboard.type("tune 29")
    expect(shown_rows(node)).to_have_text([re.compile("message 29$")])
    running.show(log(rows(120)))
    expect(shown_rows(node)).to_have_text([re.compile(f"message {number}$") for number in (29, 89)])
    expect(node.get_by_label("Filter by words")).to_be_focused()
    node.get_by_label("Filter by words").fill("")
    node.get_by_label("Filter by priority").select_option("Warnings and errors")
    expect(shown_rows(node)).to_have_count(12)
    expect(node.get_by_role("status")).to_have_text("12 of 120 messages")


def test_copy_takes_the_messages_shown(running: Running) -> None:
    running.show(log(rows(20)))
    node = running.node
    toggle(node).click()
    node.get_by_label("Filter by words").fill("message 19")
    node.get_by_label("Filter by priority").select_option("Warnings and errors")
    node.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    node.get_by_role("button", name="Copy").click()
    expect(node.get_by_role("status")).to_have_text("Copied 1 message.")
    copied = node.page.evaluate("() => navigator.clipboard.readText()")
    assert copied == "2026-11-21 11:00:19\tWARN\timager::tune\tmessage 19\n"


def test_an_error_opens_it_and_whoever_closes_it_is_not_overruled(running: Running) -> None:
    severe = ["2026-11-21 12:00:00", "SEVERE", "tclean::::casa", "no such thing"]
    running.show(log(rows(20)))
    node = running.node
    expect(toggle(node)).to_have_attribute("aria-expanded", "false")
    running.show(log([*rows(20), severe]))
    expect(shown_rows(node).last).to_be_in_viewport()
    expect(toggle(node).get_by_text("1 error", exact=True)).to_be_visible()
    toggle(node).click()
    running.show(log([*rows(20), severe, severe]))
    expect(toggle(node).get_by_text("2 errors")).to_be_visible()
    expect(toggle(node)).to_have_attribute("aria-expanded", "false")


def test_the_newest_row_stays_in_view_until_the_user_scrolls_up(running: Running) -> None:
    running.show(log(rows(200)))
    node = running.node
    toggle(node).click()
    expect(shown_rows(node).last).to_be_in_viewport()
    # Old messages go from the list as new ones come; the rest are the same rows as before.
    marked = node.locator("tbody tr", has_text="message 150")
    marked.evaluate("row => { row.dataset.mark = 'old' }")
    running.show(log(rows(200, first=100)))
    expect(shown_rows(node).last).to_have_text(re.compile("message 299$"))
    expect(shown_rows(node).last).to_be_in_viewport()
    expect(marked).to_have_attribute("data-mark", "old")
    marked.scroll_into_view_if_needed()
    expect(marked).to_be_in_viewport()
    running.show(log(rows(250, first=100)))
    expect(shown_rows(node)).to_have_count(250)
    expect(marked).to_be_in_viewport()


def test_a_log_is_there_after_saving_and_reloading(running: Running, lab: Lab) -> None:
    logfile = lab.jupyter.root / "casa-test.log"
    logfile.write_text("the whole log\n")
    running.show(log(rows(30), state="done", omitted=1234, logfile=str(logfile)))
    expect(running.node).to_have_attribute("data-state", "done")
    running.finish()
    lab.page.keyboard.press("Control+s")
    expect(lab.page.locator("#jp-main-dock-panel .lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
    lab.reload()
    node = running.node
    toggle(node).click()
    expect(shown_rows(node)).to_have_count(30)
    expect(node).to_contain_text("1,234 more messages in the log file:")
    node.get_by_role("link", name="casa-test.log").click()
    expect(lab.page.locator(".jp-FileEditor", has_text="the whole log")).to_be_visible()


def test_what_casa_logs_while_a_task_runs_is_under_its_cell(lab: Lab) -> None:
    notebook = lab.notebook("done = listobs('sim.ms')")
    notebook.run(0)
    node = notebook.cell(0).locator(".casa-desktop-Log")
    expect(node).to_have_attribute("data-state", "done")
    toggle(node).click()
    node.get_by_label("Filter by words").fill("begin task listobs")
    expect(shown_rows(node)).to_have_count(1)
    expect(node.get_by_role("link", name=re.compile(r"casa-.*\.log$"))).to_be_visible()


def write(lab: Lab, shown: Dict[str, Any]) -> str:
    """Write a notebook that nobody has trusted, with a log that is shown; return its name."""
    output = nbformat.v4.new_output("display_data", {"text/html": "<b>not this</b>", MIME: shown})
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("pass", outputs=[output])],
        metadata={"kernelspec": {"name": "casa", "display_name": "CASA", "language": "python"}},
    )
    path = lab.jupyter.root / "foreign.ipynb"
    nbformat.write(notebook, path)
    return path.name


def test_a_foreign_notebook_s_log_is_text_and_nothing_else(lab: Lab) -> None:
    evil = '<img src="x" onerror="document.title = 1"><script>document.title = 1</script>'
    lab.open(write(lab, log([[evil, "SEVERE", evil, evil]], state="done", logfile=evil)))
    node = lab.page.locator(".casa-desktop-Log")
    expect(shown_rows(node).first).to_contain_text(evil)
    expect(node.locator("img, script")).to_have_count(0)


def test_a_log_saved_in_the_middle_of_a_run_does_not_pretend_to_go_on(lab: Lab) -> None:
    progress = {"label": "tclean", "fraction": None, "elapsed": 3, "detail": ""}
    lab.open(write(lab, log(rows(3), progress=progress)))
    node = lab.page.locator(".casa-desktop-Log")
    expect(node).to_have_attribute("data-state", "lost")
    expect(node.get_by_role("progressbar")).to_be_hidden()
