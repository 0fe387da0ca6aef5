"""CASA's log under the cell, in real kernels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence

import pytest
from casa_kernel.log.parser import CUT
from casa_kernel.log.view import MIME

from ...support.notebook import Cell, Notebook, follow_elsewhere
from ...support.shortage import NO_INSTANCE, NO_WATCH

ROOT = Path(__file__).parents[3]


@pytest.fixture
def gate(notebook: Notebook, tmp_path: Path) -> Iterator[Callable[[Mapping[str, Any]], bool]]:
    """Opens the cell's ``gate()``, at which it waits: the test then knows that the cell was still running."""
    fifo = tmp_path / "gate"
    os.mkfifo(fifo)
    notebook.run(f"def gate():\n    open({str(fifo)!r}).read()")

    def open_gate(_log: Mapping[str, Any]) -> bool:
        fifo.write_text("go")
        return True

    yield open_gate
    notebook.run("del gate")


def last(cell: Cell) -> Dict[str, Any]:
    """Return what JupyterLab's renderer was given at the end."""
    return dict(cell.logs[-1][MIME])


def texts(cell: Cell) -> List[str]:
    return [message[3] for message in last(cell)["messages"]]


def test_messages_appear_before_the_cell_ends(notebook: Notebook, gate: Callable[..., bool]) -> None:
    cell = notebook.run("casalog.post('early'); gate(); casalog.post('late')", on_log=gate)
    states = [log[MIME]["state"] for log in cell.logs]
    assert (states[0], states[-1]) == ("running", "done")
    assert texts(cell) == ["early", "late"]


def test_the_display_is_made_once_and_replaced(notebook: Notebook, gate: Callable[..., bool]) -> None:
    cell = notebook.run("casalog.post('early'); gate(); casalog.post('late')", on_log=gate)
    assert len([each for each in cell.of("display_data") if MIME in each["data"]]) == 1
    assert {each["transient"]["display_id"] for each in cell.of("update_display_data")} == {
        cell.of("display_data")[0]["transient"]["display_id"]
    }


def test_the_end_of_a_cell_comes_after_its_log(notebook: Notebook) -> None:
    cell = notebook.run("listobs('sim.ms')")
    kinds = [message["msg_type"] for message in cell.messages]
    assert kinds.index("display_data") < len(kinds) - 1
    assert last(cell)["state"] == "done"
    assert last(cell)["newest"][3] == "End Task: listobs"


def test_a_cell_without_messages_shows_nothing(notebook: Notebook) -> None:
    assert notebook.run("1 + 1").logs == []


def test_warnings_and_errors_are_counted_and_errors_unfold_the_table(notebook: Notebook) -> None:
    warned = notebook.run("casalog.post('fine'); casalog.post('hm', 'WARN')")
    failed = notebook.run("casalog.post('hm', 'WARN'); casalog.post('one\\ntwo', 'SEVERE')")
    assert last(warned)["counts"] == {"total": 2, "warn": 1, "severe": 0}
    assert "<details>" in warned.logs[-1]["text/html"]
    assert last(failed)["counts"] == {"total": 2, "warn": 1, "severe": 1}
    assert "<details open>" in failed.logs[-1]["text/html"]
    assert "one\ntwo" in texts(failed)


def test_a_warning_is_not_told_twice(notebook: Notebook) -> None:
    cell = notebook.run("casalog.post('hm', 'WARN'); import os; os.write(2, b'from C\\n'); casalog.post('hm', 'WARN')")
    text = cell.text + notebook.run("import sys; sys.stderr.flush()").text
    assert "hm" not in text
    assert last(cell)["counts"]["warn"] == 2


def test_a_tool_s_messages_appear_too(notebook: Notebook) -> None:
    cell = notebook.run("ia.open('dirty.image'); ia.statistics(); ia.close(); ia.open('nowhere.image')")
    assert cell.error is not None
    assert last(cell)["counts"]["severe"] == 1


def test_another_log_file_is_followed_from_the_middle_of_a_cell(notebook: Notebook, tmp_path: Path) -> None:
    other = tmp_path / "other.log"
    cell = notebook.run(
        f"old = casalog.logfile(); casalog.post('a'); casalog.setlogfile({str(other)!r}); casalog.post('b')"
    )
    again = notebook.run("casalog.post('c')")
    back = notebook.run("casalog.setlogfile(old); casalog.post('d')")
    assert texts(cell) == ["a", "b"]
    assert last(cell)["logfile"] == str(other)
    assert texts(again) == ["c"]
    assert texts(back) == ["d"]


@pytest.mark.parametrize("change", ["os.rename(log, log + '.old')", "os.remove(log)", "open(log, 'w').close()"])
def test_a_log_that_is_renamed_deleted_or_emptied_is_followed(
    observation: Path, kernel_environment: Dict[str, str], change: str
) -> None:
    with Notebook(observation, kernel_environment) as kernel:
        kernel.run("import os; log = casalog.logfile()")
        first = kernel.run(f"casalog.post('a'); {change}; casalog.post('b')")
        second = kernel.run("casalog.post('c')")
    assert texts(first)[-1] == "b"
    assert texts(second) == ["c"]


def test_bytes_that_are_no_text_are_replaced(notebook: Notebook) -> None:
    line = b"2026-11-21 11:00:00\tINFO\t::casa\tcaf\xe9\n"
    cell = notebook.run(f"with open(casalog.logfile(), 'ab') as log:\n    _ = log.write({line!r})")
    assert texts(cell) == ["caf\ufffd"]


def test_a_million_messages_are_counted_and_few_are_kept(notebook: Notebook) -> None:
    cell = notebook.run(
        "line = '2026-11-21 11:00:00\\tINFO\\t::casa\\tmessage of usual length with some more words in it\\n'\n"
        "with open(casalog.logfile(), 'a') as log:\n"
        "    for number in range(100):\n"
        "        if number == 50:\n"
        "            _ = log.write(line.replace('INFO', 'WARN').replace('message', 'warning'))\n"
        "        _ = log.write(line * 10_000)\n"
    )
    shown = last(cell)
    assert shown["counts"] == {"total": 1_000_001, "warn": 1, "severe": 0}
    assert len(shown["messages"]) == 400
    assert shown["omitted"] == 1_000_001 - 400
    assert shown["messages"][0][1] == "WARN"
    assert len(json.dumps(cell.logs[-1])) < 200_000
    assert "999,801 more messages in <a href=" in cell.logs[-1]["text/html"]


def test_a_warning_of_thirty_megabytes_is_cut_and_says_where_it_is(notebook: Notebook) -> None:
    cell = notebook.run("casalog.post('x' * 30_000_000, 'WARN')")
    assert sum(len(json.dumps(message["content"])) for message in cell.messages) < 200_000
    assert last(cell)["counts"] == {"total": 1, "warn": 1, "severe": 0}
    assert texts(cell)[0].endswith(CUT)
    assert last(cell)["logfile"] in cell.logs[-1]["text/plain"]


def test_an_interrupt_ends_the_log_with_the_cell(notebook: Notebook, gate: Callable[..., bool]) -> None:
    def interrupt(_log: Mapping[str, Any]) -> bool:
        notebook.manager.interrupt_kernel()
        return True

    cell = notebook.run("casalog.post('early'); gate()", on_log=interrupt)
    assert cell.error is not None
    assert cell.error["ename"] == "KeyboardInterrupt"
    assert last(cell)["state"] == "done"
    assert texts(notebook.run("casalog.post('next')")) == ["next"]


def test_captured_cells_show_no_log(notebook: Notebook) -> None:
    assert notebook.run("%%capture\ncasalog.post('quiet')").logs == []


def test_the_log_is_not_captured_with_a_part_of_a_cell(notebook: Notebook) -> None:
    cell = notebook.run(
        "from IPython.utils.capture import capture_output\n"
        "with capture_output() as captured:\n"
        "    for _ in range(50_000): casalog.post('a')\n"
        "assert captured.outputs == []\n"
    )
    assert cell.error is None
    assert last(cell)["counts"]["total"] == 50_000


def test_a_cell_within_a_cell_has_no_display_of_its_own(notebook: Notebook) -> None:
    cell = notebook.run("casalog.post('a'); _ = get_ipython().run_cell('casalog.post(\"b\")'); casalog.post('c')")
    assert texts(cell) == ["a", "b", "c"]
    assert last(cell)["state"] == "done"


def test_what_was_logged_between_cells_is_not_the_next_cell_s(notebook: Notebook, observation: Path) -> None:
    log = Path(notebook.run("print(casalog.logfile())").text.strip())
    with log.open("a") as file:
        file.write("2026-11-21 11:00:00\tINFO\t::casa\tbetween\n")
    assert texts(notebook.run("casalog.post('within')")) == ["within"]


def test_a_clean_tells_its_cycles_while_it_runs(notebook: Notebook) -> None:
    told: List[Dict[str, Any]] = []

    def look(log: Mapping[str, Any]) -> bool:
        told.extend([log["progress"]] if log["progress"] else [])
        return False

    cell = notebook.run(
        "tclean('sim.ms', imagename='cycles', imsize=1024, cell='0.4arcsec', niter=400, cycleniter=80)", on_log=look
    )
    assert cell.error is None
    assert told[-1]["label"] == "tclean"
    assert "peak residual" in told[-1]["detail"]
    assert [each["fraction"] for each in told] == sorted(each["fraction"] for each in told)
    assert last(cell)["progress"] is None


def test_casa_s_own_percent_scale_becomes_a_bar(notebook: Notebook) -> None:
    notebook.run(
        "import numpy as np\n"
        "line = np.exp(-0.5 * ((np.arange(100) - 50) / 8.0) ** 2)\n"
        "def spectra(number):\n"
        "    noise = 0.05 * np.random.default_rng(1).standard_normal((number, 20, 100))\n"
        "    return ia.fromarray('spectra.im', line + noise, overwrite=True), ia.done()\n"
    )
    told: List[Dict[str, Any]] = []

    def look(log: Mapping[str, Any]) -> bool:
        told.extend([log["progress"]] if log["progress"] else [])
        return False

    # casacore prints its scale only once a step has taken seven seconds; how much work that is, is tried.
    number, seconds = 30, 0.0
    while not told and seconds < 20:
        notebook.run(f"_ = spectra({number})")
        cell = notebook.run("_ = specfit('spectra.im', multifit=True, ngauss=1)", on_log=look)
        assert cell.error is None
        seconds = cell.seconds
        number = int(number * max(1.5, 9 / seconds))
    assert told[0]["label"] == "specfit"
    assert 0 < told[0]["fraction"] <= 1
    assert "...." not in cell.text


def test_the_percent_scale_becomes_a_bar(notebook: Notebook, gate: Callable[..., bool]) -> None:
    def half(log: Mapping[str, Any]) -> bool:
        progress = log["progress"]
        return progress is not None and progress["fraction"] == 0.4 and gate(log)

    # As casacore's ProgressMeter writes it.
    scale = "0%....10....20....30....40"
    cell = notebook.run(
        f"import os\n_ = [os.write(2, bytes([each])) for each in {scale.encode()!r}]\ngate()", on_log=half
    )
    assert last(cell)["progress"] is None
    assert "10" not in cell.text


def test_a_kernel_that_cannot_write_a_log_shows_none(observation: Path, kernel_environment: Dict[str, str]) -> None:
    with Notebook(observation, kernel_environment) as kernel:
        kernel.run("casalog.setlogfile('/dev/null')")
        cell = kernel.run("casalog.post('a'); 1 + 1")
    assert cell.error is None
    assert cell.logs == []


@pytest.mark.parametrize("within", [NO_INSTANCE, NO_WATCH], ids=["no instance", "no watch"])
def test_a_log_that_cannot_be_watched_is_looked_at_while_a_cell_runs(
    tmp_path: Path, kernel_environment: Dict[str, str], within: Sequence[str]
) -> None:
    with Notebook(tmp_path, kernel_environment, within=within) as kernel:
        kernel.run("import threading; may_end = threading.Event()")
        log = Path(kernel.run("print(casalog.logfile())").text.strip())

        def interrupt(_shown: Mapping[str, Any]) -> bool:
            kernel.manager.interrupt_kernel()
            return True

        cell = kernel.run("casalog.post('early'); may_end.wait()", on_log=interrupt)
        assert [log[MIME]["state"] for log in cell.logs][:1] == ["running"]
        assert texts(cell) == ["early"]

        cell = follow_elsewhere(kernel, log)
        assert cell.error is None
        assert texts(cell) == ["from elsewhere"]


def test_two_kernels_in_one_folder_have_logs_of_their_own(
    observation: Path, kernel_environment: Dict[str, str]
) -> None:
    kernels = [Notebook(observation, kernel_environment) for _ in range(2)]
    try:
        logs = {kernel.run("print(casalog.logfile())").text for kernel in kernels}
    finally:
        for kernel in kernels:
            kernel.__exit__()
    assert len(logs) == 2


def test_a_log_that_the_user_named_keeps_its_name(tmp_path: Path, kernel_environment: Dict[str, str]) -> None:
    site = tmp_path / "casasiteconfig.py"
    site.write_text(
        (ROOT / "tests" / "support" / "observation" / "siteconfig.py").read_text() + "logfile = 'mine.log'\n"
    )
    with Notebook(tmp_path, {**kernel_environment, "CASASITECONFIG": str(site)}) as kernel:
        cell = kernel.run("casalog.post('a')")
    assert last(cell)["logfile"] == str(tmp_path / "mine.log")


def test_an_executed_notebook_has_the_log_in_its_html(tmp_path: Path, kernel_environment: Dict[str, str]) -> None:
    cell = {
        "cell_type": "code",
        "source": "casalog.post('a < b'); casalog.post('bad', 'SEVERE')",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "id": "one",
    }
    kernelspec = {"name": "casa", "display_name": "CASA", "language": "python"}
    notebook = {"cells": [cell], "metadata": {"kernelspec": kernelspec}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "n.ipynb").write_text(json.dumps(notebook))
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--execute", "--to", "html", "n.ipynb"],
        cwd=tmp_path,
        env={**kernel_environment, "JUPYTER_PATH": str(ROOT / "jupyter_config")},
        check=True,
        capture_output=True,
    )
    page = (tmp_path / "n.html").read_text()
    assert "<details open" in page
    assert "a &lt; b" in page
