from __future__ import annotations

import pytest
from casa_kernel.drawing.modes import AUTO, HEADLESS, LIVE, Modes, parse
from casa_kernel.errors import BadMode

TASKS = ("viewer", "plotms")


def test_tasks_draw_into_the_cell_until_told_otherwise() -> None:
    assert Modes(TASKS).resolve("viewer", None, watched=True) == HEADLESS


@pytest.mark.parametrize(("gui", "mode"), [(True, LIVE), (False, HEADLESS)])
def test_a_call_s_own_word_goes_before_every_setting(gui: bool, mode: str) -> None:
    for setting in (LIVE, HEADLESS, AUTO):
        modes = Modes(TASKS)
        modes.set(setting, ["viewer"])
        assert modes.resolve("viewer", gui, watched=not gui) == mode


@pytest.mark.parametrize("gui", [True, None])
def test_where_nobody_is_all_is_drawn_into_cells(gui: bool | None) -> None:
    modes = Modes(TASKS, unattended=True)
    modes.set(LIVE)
    assert modes.resolve("viewer", gui, watched=True) == HEADLESS
    assert not modes.may_be_live("viewer", {"gui": gui})
    assert modes.describe() == "headless (nobody attends this run, so all tasks draw into the cell)"


def test_a_task_s_setting_goes_before_the_default() -> None:
    modes = Modes(TASKS)
    modes.set(LIVE)
    modes.set(HEADLESS, ["plotms"])
    assert [modes.resolve(task, None, watched=False) for task in TASKS] == [LIVE, HEADLESS]


def test_a_new_default_is_for_all_tasks() -> None:
    modes = Modes(TASKS)
    modes.set(LIVE, ["plotms"])
    modes.set(HEADLESS)
    assert modes.of("plotms") == HEADLESS


def test_auto_goes_by_whether_anybody_watches() -> None:
    modes = Modes(TASKS, default=AUTO)
    assert modes.resolve("viewer", None, watched=True) == LIVE
    assert modes.resolve("viewer", None, watched=False) == HEADLESS


@pytest.mark.parametrize(("mode", "tasks"), [("loud", []), (LIVE, ["viewer", "tclean"])])
def test_an_unknown_mode_or_task_changes_nothing(mode: str, tasks: list[str]) -> None:
    modes = Modes(TASKS)
    with pytest.raises(BadMode, match="is not one of"):
        modes.set(mode, tasks)
    assert modes == Modes(TASKS)


@pytest.mark.parametrize(
    ("line", "parsed"),
    [("", (None, ())), ("live", ("live", ())), (" live viewer, plotms ", ("live", ("viewer", "plotms")))],
)
def test_the_magic_s_line_is_a_mode_and_tasks(line: str, parsed: object) -> None:
    assert parse(line) == parsed


def test_the_description_names_the_default_and_what_differs() -> None:
    modes = Modes(TASKS)
    modes.set(LIVE, ["plotms"])
    assert modes.describe() == "headless (all tasks that draw: viewer, plotms)\nlive: plotms"


def test_modes_come_back_as_they_were_saved() -> None:
    modes, other = Modes(TASKS), Modes(TASKS)
    modes.set(AUTO)
    modes.set(LIVE, ["plotms"])
    assert other.restore(modes.saved())
    assert other == modes


def test_whoever_keeps_the_modes_hears_of_each_change() -> None:
    modes, seen = Modes(TASKS), []
    modes.on_change = lambda: seen.append(modes.saved())
    modes.set(LIVE, ["plotms"])
    assert seen == [{"default": "headless", "tasks": {"plotms": "live"}}]
    modes.restore({"default": "auto", "tasks": {}})
    assert len(seen) == 1


def test_a_default_of_the_page_s_leaves_the_tasks_that_have_their_own() -> None:
    modes, seen = Modes(TASKS), []
    modes.set(LIVE, ["plotms"])
    modes.on_change = lambda: seen.append(modes.saved())
    modes.set_default(AUTO)
    assert seen == [{"default": "auto", "tasks": {"plotms": "live"}}]
    with pytest.raises(BadMode, match="'loud' is not one of headless, live, auto"):
        modes.set_default("loud")
    assert modes.default == AUTO
