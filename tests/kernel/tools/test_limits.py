"""How long tools without windows stay, and what they may cost."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Callable, Dict, List

import psutil
import pytest
from casa_kernel.errors import BadKeeping
from casa_kernel.tools import limits as keeping
from casa_kernel.tools.children import Children
from casa_kernel.tools.limits import Limits
from casa_kernel.tools.processes import start

from ...support.living import below, with_word
from ...support.notebook import Notebook

Below = Callable[[int], List[str]]


def tools(lines: List[str]) -> List[str]:
    return [line for line in lines if "AppRun" in line or "bin/casa" in line]


def test_a_kernel_that_never_draws_starts_no_tool(
    observation: Path, environment: Dict[str, str], children_of: Below
) -> None:
    with Notebook(observation, environment) as kernel:
        said = kernel.run("listobs('sim.ms')\n%casa_tools").text
        assert "No tool is running." in said
        assert tools(children_of(kernel.pid)) == []


def test_a_tool_ends_by_itself_when_its_time_has_come(observation: Path, environment: Dict[str, str]) -> None:
    with Notebook(observation, {**environment, "CASA_DESKTOP_KEEP_TOOLS": "0.01"}) as kernel:
        drawn = kernel.run("imview('dirty.image', gui=False)\n%casa_tools")
        assert "casaviewer  no window" in drawn.text
        assert "kept for 0.01 minutes" in drawn.text
        viewers = with_word(below(kernel.pid, recursive=False), "casaviewer")
        # The kernel is idle; nothing is asked of it.
        assert psutil.wait_procs(viewers, timeout=30)[1] == []
        assert "No tool is running." in kernel.run("%casa_tools").text
        assert any("image/png" in data for data in kernel.run("imview('dirty.image', gui=False)").displayed)


def test_a_tool_may_be_told_to_end_with_its_cell_or_above_some_memory(notebook: Notebook) -> None:
    draw = "imview('dirty.image', gui=False)"
    kept = notebook.run(f"{draw}\n%casa_tools keep ever").text
    assert "casaviewer  no window" in kept
    assert "kept until the kernel ends" in kept
    assert "No tool is running." in notebook.run("%casa_tools memory 10").text
    notebook.run(f"%casa_tools memory 2000\n%casa_tools off\n{draw}")
    assert "No tool is running." in notebook.run("%casa_tools keep 15").text
    notebook.run(draw)
    assert "No tool is running." in notebook.run("%casa_tools end").text


def test_a_window_stays_whatever_holds_for_tools_without_one(
    notebook: Notebook, record: Callable[[], Dict[str, str]]
) -> None:
    said = notebook.run("%casa_tools off\nimview('dirty.image', gui=True)\n%casa_tools end").text
    assert "casaviewer  on the desktop" in said
    after = notebook.run("%casa_tools memory 1").text
    assert "casaviewer  on the desktop" in after
    notebook.run("%casa_tools keep 15\n%casa_tools memory 2000")
    record()


def test_a_tool_at_work_for_a_thread_does_not_end_with_the_cell(
    runtime_directory: Path, environment: Dict[str, str]
) -> None:
    children = Children()
    try:
        child = start(children.private, "sleep", ["/bin/sleep", "60"], environment, server=False)
        children.keep("sleep", child, warm=True)
        child.busy = True
        assert keeping.tidy(children, Limits(minutes=0)) is not None
        assert child.alive
        child.busy = False
        assert keeping.tidy(children, Limits(minutes=0)) is None
        assert not child.alive
    finally:
        children.close()


def test_a_tool_s_memory_counts_though_its_helpers_end_while_they_are_looked_at(
    runtime_directory: Path, environment: Dict[str, str]
) -> None:
    children = Children()
    try:
        argv = ["/bin/sh", "-c", "while :; do /bin/true; done"]
        child = start(children.private, "restless", argv, environment, server=False)
        children.keep("restless", child, warm=True)
        assert min(keeping.memory(child) for _ in range(300)) > 0
    finally:
        children.close()


@pytest.mark.parametrize("line", ["keep", "keep soon", "keep -1", "keep nan", "memory 0", "nonsense", "off now"])
def test_words_without_meaning_are_refused_in_a_sentence(line: str) -> None:
    with pytest.raises(BadKeeping, match="%casa_tools does not know"):
        keeping.change(Limits(), line.split())


def test_the_environment_sets_what_holds_in_a_new_kernel() -> None:
    limits = keeping.from_environment({"CASA_DESKTOP_KEEP_TOOLS": "ever", "CASA_DESKTOP_TOOL_MEMORY": "500"})
    assert (limits.minutes, limits.megabytes) == (math.inf, 500)
    assert keeping.from_environment({"CASA_DESKTOP_KEEP_TOOLS": "off"}).minutes == 0
    assert keeping.from_environment({}) == Limits()


def test_an_environment_without_meaning_is_told_in_the_first_cell(tmp_path: Path, environment: Dict[str, str]) -> None:
    with Notebook(tmp_path, {**environment, "CASA_DESKTOP_KEEP_TOOLS": "soon"}) as kernel:
        first = kernel.run("print(1)").text
    assert "CASA_DESKTOP_KEEP_TOOLS" in first
    assert "does not know 'keep soon'" in first
