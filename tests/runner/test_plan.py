"""Which tests run where and when."""

from __future__ import annotations

from pathlib import Path
from typing import Collection, Optional

import pytest

from . import plan, touched

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("path", [*plan.MACHINE, *plan.ALONE, *plan.SECONDS, *plan.SLOW_FOLDERS, *plan.SLOW])
def test_each_place_that_the_plan_names_is_there(path: str) -> None:
    file, _, test = path.partition("::")
    assert (ROOT / file).exists()
    # The plan may have the beginning of a name.
    assert not test or f"def {test}" in (ROOT / file).read_text()


def test_a_single_test_that_runs_alone_is_no_part_of_its_file() -> None:
    name = next(name for name in plan.ALONE if "::" in name)
    assert plan.is_alone(plan.unit_of(f"{name}_here[x]"))
    assert not plan.is_alone(plan.unit_of(f"{name.split('::')[0]}::test_of_other_things"))


LONG, SHORT, OTHER = "tests/kernel/test_long.py", "tests/kernel/test_short.py", "tests/system/test_other.py"


@pytest.mark.parametrize(
    ("waiting", "last", "others", "chosen"),
    [
        ([LONG, SHORT], None, (), LONG),
        ([LONG, SHORT, OTHER], None, (), LONG),
        ([SHORT, OTHER], "tests/system/test_last.py", (), OTHER),
        ([LONG, SHORT, OTHER], None, ("tests/kernel/test_first.py",), OTHER),
        ([LONG, SHORT], "tests/system/test_last.py", ("tests/kernel/test_first.py",), LONG),
    ],
    ids=["the first", "where most is left", "in the same folder", "where nobody is", "beside another in the end"],
)
def test_a_worker_keeps_to_folders(
    waiting: list[str], last: Optional[str], others: Collection[str], chosen: str
) -> None:
    assert plan.chosen(waiting, last, others, lambda _unit: 0) == chosen


def test_what_is_changed_goes_before_the_folder_that_a_worker_is_in() -> None:
    assert plan.chosen([LONG, OTHER], SHORT, (), lambda unit: int(unit == LONG)) == OTHER


def test_units_are_in_the_order_of_rank_and_then_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "SECONDS", {LONG: 90})
    assert plan.ordered([SHORT, LONG, OTHER], lambda unit: int(unit != OTHER)) == [OTHER, LONG, SHORT]


@pytest.mark.parametrize(
    ("test", "fixtures", "quick"),
    [
        ("tests/casa_desktop/runtime/test_directory.py::test_x", ("root",), True),
        ("tests/casa_desktop/runtime/test_directory.py::test_x", ("observation",), False),
        ("tests/kernel/log/test_cell_log.py::test_x", ("kernel_environment",), False),
        ("tests/kernel/tools/test_limits.py::test_a_tool_s_memory_counts_x", (), False),
        ("tests/kernel/tools/test_limits.py::test_x", (), True),
        ("tests/system/test_page.py::test_x", (), False),
        ("tests/chaos/test_chaos.py::test_x", (), False),
    ],
)
def test_quick_is_what_needs_neither_casa_nor_a_browser(test: str, fixtures: Collection[str], quick: bool) -> None:
    assert plan.is_quick(test, fixtures) == quick


@pytest.mark.parametrize(
    ("path", "slow"),
    [
        ("tests/", False),
        ("tests/system/", True),
        ("tests/kernel/", False),
        ("tests/kernel/tools/test_limits.py", False),
        ("tests/casa_desktop/test_starved.py", True),
    ],
)
def test_a_file_or_folder_is_slow_if_all_in_it_is(path: str, slow: bool) -> None:
    assert plan.is_slow(path) == slow


@pytest.mark.parametrize(
    ("test", "changed", "rank"),
    [
        ("tests/casa_desktop/runtime/test_directory.py", "casa_desktop/runtime/directory.py", touched.ITSELF),
        ("tests/casa_desktop/desktop/test_lifecycle.py", "casa_desktop/runtime/directory.py", touched.BESIDE),
        ("tests/kernel/drawing/test_live.py", "casa_desktop/runtime/directory.py", touched.ELSEWHERE),
        ("tests/kernel/drawing/test_modes.py", "kernel/casa_kernel/drawing/modes.py", touched.ITSELF),
        ("tests/kernel/drawing/test_live.py", "tests/support/notebook.py", touched.ELSEWHERE),
        ("tests/kernel/drawing/test_live.py", "tests/kernel/drawing/test_modes.py", touched.BESIDE),
        ("tests/kernel/drawing/test_live.py", "tests/kernel/drawing/test_live.py", touched.ITSELF),
        ("tests/labextension/test_front_end.py", "casa_desktop/labextension/src/page.ts", touched.BESIDE),
        ("tests/casa_desktop/runtime/test_directory.py", "casa_desktop/labextension/src/page.ts", touched.ELSEWHERE),
        ("tests/casa_desktop/runtime/test_directory.py", "README.md", touched.ELSEWHERE),
    ],
)
def test_tests_of_what_changed_are_the_nearest(test: str, changed: str, rank: int) -> None:
    assert touched.rank(test, [changed, "README.md"]) == rank


def test_where_nothing_changed_all_are_alike() -> None:
    assert touched.rank("tests/kernel/drawing/test_live.py", []) == touched.ELSEWHERE
