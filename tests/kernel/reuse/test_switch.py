"""Which calls are looked up at all."""

from __future__ import annotations

import threading
from typing import Any, List, Mapping, Optional

import pytest
from casa_kernel.drawing.modes import AUTO, HEADLESS, LIVE, Modes
from casa_kernel.errors import BadReuse
from casa_kernel.reuse.calls import Calls
from casa_kernel.reuse.switch import Switch


class LookedUp(Exception):
    """The kernel's calls were asked for."""


def make() -> Calls:
    raise LookedUp


def perform(on: bool, asked: Any = None, arguments: Optional[Mapping[str, Any]] = None, mode: str = HEADLESS) -> str:
    """Return what became of a call of plotants: it ran, or was looked up."""
    switch = Switch(make, Modes(("plotants",), default=mode).may_be_live, on)
    try:
        return str(switch.perform("plotants", {"gui": None} if arguments is None else arguments, asked, lambda: "ran"))
    except LookedUp:
        return "looked up"


@pytest.mark.parametrize(
    ("on", "asked", "what"),
    [
        (False, None, "ran"),
        (False, True, "looked up"),
        (False, False, "looked up"),
        (True, None, "looked up"),
        (True, True, "looked up"),
    ],
)
def test_a_call_is_looked_up_if_reuse_is_on_or_it_says_so(on: bool, asked: Optional[bool], what: str) -> None:
    assert perform(on, asked) == what


@pytest.mark.parametrize("asked", ["yes", 1, 0, [], 1.0])
def test_what_is_neither_true_nor_false_is_refused(asked: Any) -> None:
    with pytest.raises(BadReuse, match="plotants does not know"):
        perform(True, asked)


@pytest.mark.parametrize(
    ("mode", "gui", "what"),
    [
        (HEADLESS, None, "looked up"),
        (LIVE, None, "ran"),
        (AUTO, None, "ran"),
        (HEADLESS, True, "ran"),
        (LIVE, False, "looked up"),
    ],
)
def test_a_call_that_may_open_a_window_opens_it(mode: str, gui: Optional[bool], what: str) -> None:
    assert perform(True, arguments={"gui": gui}, mode=mode) == what


def test_a_call_in_another_thread_is_made() -> None:
    said: List[str] = []
    thread = threading.Thread(target=lambda: said.append(perform(True)))
    thread.start()
    thread.join()
    assert said == ["ran"]


def test_a_call_that_does_not_fit_its_task_is_made_and_will_say_so() -> None:
    switch = Switch(make, lambda _task, _arguments: False, on=True)
    assert switch.perform("plotants", None, None, lambda: "ran") == "ran"
