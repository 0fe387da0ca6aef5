"""The tasks' defaults, out of the real sources of casatasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from casa_desktop.history.defaults import Defaults, is_default


def test_the_defaults_of_all_tasks_are_read_without_importing_them() -> None:
    defaults = Defaults.here()
    tasks = [path.stem for path in Path(defaults.folder).glob("*.py") if defaults.of(path.stem) is not None]
    assert {"tclean", "split", "applycal", "immath", "gaincal"} <= set(tasks)
    assert len(tasks) > 100
    lacking = {task: name for task in tasks for name, value in (defaults.of(task) or {}).items() if value is ...}
    assert lacking == {}
    tclean = defaults.of("tclean") or {}
    assert list(tclean)[:2] == ["vis", "selectdata"]
    assert (tclean["niter"], tclean["gain"], tclean["uvtaper"]) == (0, 0.1, [""])


@pytest.mark.parametrize("task", ["no_task", "../x", "__init__", ""])
def test_what_is_no_task_has_none(task: str) -> None:
    assert Defaults.here().of(task) is None
    assert Defaults("", "").of(task) is None


@pytest.mark.parametrize(
    ("value", "default", "same"),
    [
        (1, 1.0, True), (0, False, False), (True, 1, False), ("", [], False), ([1], [1.0], True), ([1], 1, False),
        ({}, {}, True), ((1, 2), [1, 2], True), ("a", ..., False), (None, "", False),
    ],
)  # fmt: skip
def test_a_default_is_told_from_what_is_like_it(value: Any, default: Any, same: bool) -> None:
    assert is_default(value, default) is same
