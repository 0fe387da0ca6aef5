"""A task that fails raises an exception, which the cell shows in a few lines."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from casa_kernel.errors import TaskFailed
from casa_kernel.log import failures

from ...support.notebook import Cell, Notebook


def said(cell: Cell) -> str:
    """What a cell shows of its error, without colours."""
    assert cell.error is not None, cell.text
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(cell.error["traceback"]))


def test_casa_s_own_error_is_shown_short_with_the_user_s_line(notebook: Notebook) -> None:
    text = said(notebook.run("folder = '/tmp'\n\nlistobs(vis=folder)"))
    head, where, *rest = text.split("\n")
    assert head == "RuntimeError in listobs: Table file /tmp/table.dat does not exist"
    assert where.endswith("line 3: listobs(vis=folder)")
    assert len(rest) == 1


def test_the_lines_of_the_user_s_functions_are_shown_from_the_outside_in(notebook: Notebook) -> None:
    lines = said(notebook.run("def look(path):\n    return imstat(path)\n\nlook('/tmp')")).split("\n")
    assert lines[0] == "RuntimeError in imstat: Unable to open image /tmp."
    assert lines[1].endswith("line 4: look('/tmp')")
    assert lines[2].endswith("line 2: return imstat(path)")


def test_a_line_that_is_passed_twice_is_shown_once(notebook: Notebook) -> None:
    lines = said(notebook.run("[listobs(each) for each in ['/tmp']]")).split("\n")
    assert len([line for line in lines if "line 1" in line]) == 1


def test_the_log_lines_that_explain_it_are_shown(notebook: Notebook) -> None:
    lines = said(notebook.run("importasdm('/tmp', vis='none.ms')")).split("\n")
    assert lines[0] == "Exception in importasdm: ASDM conversion error. Check the logs for additional details."
    assert lines[2].startswith("  CASA's log: ")
    assert "File not found '/tmp/ASDM.xml'" in lines[2]


def test_the_whole_traceback_is_there_on_demand(notebook: Notebook) -> None:
    assert "task_listobs" not in said(notebook.run("listobs('/tmp')"))
    assert "task_listobs" in said(notebook.run("%tb"))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("tclean(vis='sim.ms', imagename='x', niter='many')", "niter must be an integer."),
        ("listobs('nowhere.ms')", "vis names nowhere.ms, which does not exist."),
    ],
)
def test_wrong_arguments_are_answered_with_a_sentence(notebook: Notebook, call: str, sentence: str) -> None:
    task = call.split("(")[0]
    assert said(notebook.run(call)).startswith(f"AssertionError in {task}: {sentence}")


def test_a_misspelt_parameter_is_answered_with_the_right_one(notebook: Notebook) -> None:
    head = said(notebook.run("imstat(imagenam='dirty.image')")).split("\n")[0]
    assert head.startswith("TypeError in imstat: imstat() got an unexpected keyword argument 'imagenam'.")
    assert head.endswith("Did you mean 'imagename'?")


def test_casa_s_exceptions_keep_their_types_and_words(notebook: Notebook) -> None:
    code = "try:\n    listobs('/tmp')\nexcept RuntimeError as error:\n    print(type(error).__name__, error)"
    assert notebook.run(code).text.endswith("RuntimeError Table file /tmp/table.dat does not exist\n")


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (
            "tclean(vis='sim.ms', imagename='none', specmode='cube', deconvolver='mtmfs')",
            "The MSMFS algorithm (deconvolver='mtmfs') with specmode='cube' is not supported",
        ),
        ("bandpass(vis='sim.ms', caltable='none.b', field='nobody')", "Field Expression: No match found"),
        ("setjy(vis='sim.ms', field='nobody')", "Field Expression: No match found"),
        ("specfit(imagename='dirty.image', chans='99')", "Zero-based max channel 99 must be less"),
        ("listfits('sim.ms')", "BlockIO:  File sim.ms"),
    ],
)
def test_a_task_that_gives_up_without_an_exception_raises_one(notebook: Notebook, call: str, reason: str) -> None:
    task = call.split("(")[0]
    code = f"try:\n    {call}\nexcept RuntimeError as error:\n    print(error.task, error.reason, len(error.messages))"
    cell = notebook.run(code)
    assert cell.error is None
    assert f"{task} {reason}" in cell.text
    assert said(notebook.run(call)).startswith(f"TaskFailed: {task}: {reason}")


@pytest.mark.parametrize(
    ("task", "priority", "result", "has_failed"),
    [
        # As tclean of CASA 6.4 returns it in any case.
        ("tclean", "WARN", {}, False),
        ("sdintimaging", "SEVERE", {}, False),
        ("tclean", "WARN", None, True),
        ("tclean", "WARN", False, True),
        ("tclean", "WARN", {"iterdone": 0}, False),
        ("setjy", "SEVERE", {}, True),
    ],
)
def test_what_a_task_returns_beside_its_words_tells_whether_it_has_failed(
    task: str, priority: str, result: Any, has_failed: bool, tmp_path: Path
) -> None:
    log = tmp_path / "casa.log"
    # The log of this process is the file that it has open.
    with log.open("w", buffering=1) as file, failures.Call(task, lambda: log) as call:
        file.write(f"2028-11-29 12:00:00\t{priority}\t{task}::::casa\tNon-zero values at the edge.\n")
        with pytest.raises(TaskFailed, match="at the edge") if has_failed else nullcontext():
            failures.check_result(call, result)


def test_a_failure_is_found_when_the_log_was_removed_and_is_not_an_earlier_call_s(notebook: Notebook) -> None:
    notebook.run("setjy(vis='sim.ms', field='nobody')")
    code = "import os\nos.remove(casalog.logfile())\nsetjy(vis='sim.ms', spw='99')"
    assert said(notebook.run(code)).startswith("TaskFailed: setjy: Spw Expression: No match found for 99")


def test_an_error_in_the_log_of_a_task_that_ended_well_is_no_failure(notebook: Notebook) -> None:
    cell = notebook.run(
        "result = bandpass(vis='sim.ms', caltable='good.b')\nimport os, shutil\nos.path.isdir('good.b')"
    )
    notebook.run("shutil.rmtree('good.b')")
    assert cell.of("execute_result")[0]["data"]["text/plain"] == "True"


def test_errors_of_the_user_are_shown_in_full(notebook: Notebook) -> None:
    text = said(notebook.run("x = 1\ny = x / 0"))
    assert text.startswith("-----")
    assert "ZeroDivisionError" in text
    assert "invalid syntax" in said(notebook.run("a b"))
    assert "%tb shows" not in said(notebook.run("ia.open('/tmp')"))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("tclean.__name__", "'tclean'"),
        ("str(inspect.signature(tclean)) == str(inspect.signature(casatasks.tclean.stock))", "True"),
        ("tclean.__doc__ == casatasks.tclean.stock.__doc__", "True"),
        ("'ImagerParameters' in inspect.getsource(tclean)", "True"),
    ],
)
def test_a_task_is_documented_as_casa_does(notebook: Notebook, expression: str, expected: str) -> None:
    cell = notebook.run(f"import inspect, casatasks\n{expression}")
    assert cell.of("execute_result")[0]["data"]["text/plain"] == expected


def test_question_marks_show_the_task_s_documentation_and_its_source(notebook: Notebook) -> None:
    def answer(question: str) -> str:
        reply = notebook.answer(notebook.run(question))
        return str(reply["payload"][0]["data"]["text/plain"])

    assert "Radio Interferometric Image Reconstruction" in answer("tclean?")
    assert "ImagerParameters" in answer("tclean??")


def test_a_magic_s_error_is_one_sentence(notebook: Notebook) -> None:
    assert len(said(notebook.run("%casa_mode slow")).split("\n")) == 1


def test_casa_s_own_tasks_are_shown_short_too(notebook: Notebook) -> None:
    text = said(notebook.run("plain = listobs.stock\nplain('/tmp')"))
    assert text.startswith("RuntimeError in listobs: Table file /tmp/table.dat does not exist\n")


def test_a_script_runs_in_the_notebook_and_its_own_line_is_shown(notebook: Notebook, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("answer = 42\nlistobs('/tmp')\n")
    lines = said(notebook.run(f"execfile({str(script)!r})")).split("\n")
    assert lines[1].endswith(f"line 1: execfile({str(script)!r})")
    assert lines[2] == f"  File {script}, line 2: listobs('/tmp')"
    assert notebook.run("print(answer)").text == "42\n"
    assert "script.py, which does not exist" in said(notebook.run("execfile('/nowhere/script.py')"))


def test_errors_in_what_a_magic_runs_are_short_too(notebook: Notebook, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("\nlistobs('/tmp')\n")
    lines = said(notebook.run(f"%run -i {script}")).split("\n")
    assert lines[0] == "RuntimeError in listobs: Table file /tmp/table.dat does not exist"
    assert lines[1] == f"  File {script}, line 2: listobs('/tmp')"
    assert said(notebook.run("%time listobs('/tmp')")).split("\n")[0] == lines[0]


def test_an_interrupt_is_shown_short_and_blames_nothing_in_the_log(notebook: Notebook) -> None:
    # The task writes its arguments into the log as Python writes them.
    code = (
        "import signal\n"
        "class Interrupting(dict):\n"
        "    def __repr__(self):\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "        return ''\n"
        "imstat('dirty.image', region=Interrupting())"
    )
    lines = said(notebook.run(code)).split("\n")
    assert lines[0] == "KeyboardInterrupt in imstat"
    assert lines[1].endswith("line 6: imstat('dirty.image', region=Interrupting())")
    assert "CASA's log" not in " ".join(lines)


def test_an_interrupt_that_casa_swallows_ends_the_cell(notebook: Notebook) -> None:
    code = (
        "import signal\n"
        "kept = casatools.calibrater.open\n"
        "casatools.calibrater.open = lambda *_, **__: signal.raise_signal(signal.SIGINT)\n"
        "try:\n"
        "    bandpass(vis='sim.ms', caltable='none.b')\n"
        "    print('went on')\n"
        "finally:\n"
        "    casatools.calibrater.open = kept"
    )
    cell = notebook.run(code)
    assert said(cell).startswith("KeyboardInterrupt in bandpass\n")
    assert "went on" not in cell.text
    assert "2" in notebook.run("print(1 + 1)").text


def test_go_shows_the_line_that_called_it(notebook: Notebook) -> None:
    lines = said(notebook.run("default listobs\nvis = '/tmp'\ngo")).split("\n")
    assert lines[0].startswith("RuntimeError in listobs: ")
    assert [line.split("line ")[1] for line in lines[1:-1]] == ["3: go()"]
