"""What is made of CASA's words about how far it is."""

from __future__ import annotations

import pytest
from casa_kernel.log.progress import Progress, brightness


def line(text: str, origin: str = "tclean::::casa") -> bytes:
    return f"2026-11-21 11:00:00\tINFO\t{origin}\t{text}".encode()


def cleaning(*texts: str, arguments: str = "niter=300, threshold='0.0mJy', nmajor=-1") -> Progress:
    progress = Progress()
    begin = ["##### Begin Task: tclean             #####", f"tclean( vis='sim.ms', {arguments}, )"]
    progress.add([line(text) for text in [*begin, *texts]], 100.0)
    return progress


CYCLES = [
    "----------- Run Major Cycle 1 -------------",
    " Absolute Peak residual within mask : 0, over full image : 0.4",
    "Completed 30 iterations.",
    "----------- Run Major Cycle 2 -------------",
    " Absolute Peak residual within mask : 0.02, over full image : 0.02",
]


def test_a_task_that_reports_nothing_has_no_bar() -> None:
    assert cleaning("Verifying Input Parameters").state(101.0) is None


def test_cycles_tell_the_residual_the_iterations_and_the_share_of_the_iterations() -> None:
    state = cleaning(*CYCLES).state(112.3)
    assert state == {
        "label": "tclean",
        "fraction": 0.1,
        "elapsed": 12.3,
        "detail": "major cycle 2, peak residual 20 mJy/beam, 30 iterations",
    }


@pytest.mark.parametrize(
    ("arguments", "fraction"),
    [
        ("niter=0, threshold='2mJy'", 0.565),
        ("niter=0, threshold=0.002", 0.565),
        ("niter=100000, nmajor=3", 0.25),
        ("niter=60, nmajor=3", 0.5),
    ],
)
def test_the_nearest_limit_counts(arguments: str, fraction: float) -> None:
    state = cleaning(*CYCLES, arguments=arguments).state(101.0)
    assert state is not None
    assert state["fraction"] == fraction


def test_without_limits_no_share_is_told() -> None:
    state = cleaning(*CYCLES, arguments="niter=0").state(101.0)
    assert state is not None
    assert state["fraction"] is None


def test_the_end_of_the_task_is_the_end_of_its_bar() -> None:
    assert cleaning(*CYCLES, "##### End Task: tclean               #####").state(101.0) is None


def test_a_task_within_a_task_gives_the_word_back() -> None:
    progress = cleaning("##### Begin Task: imhead  #####", "##### End Task: imhead  #####", *CYCLES)
    state = progress.state(101.0)
    assert state is not None
    assert state["label"] == "tclean"


@pytest.mark.parametrize(
    ("value", "said"), [(12.0, "12 Jy/beam"), (0.0123, "12.3 mJy/beam"), (-4e-6, "-4 µJy/beam"), (0.0, "0 µJy/beam")]
)
def test_brightness_has_the_unit_that_fits(value: float, said: str) -> None:
    assert brightness(value) == said


def test_the_scale_tells_how_far_a_step_is_where_no_cycle_does() -> None:
    progress = Progress()
    progress.add([line("##### Begin Task: immoments #####")], 100.0)
    progress.scale(0.4, 107.0)
    assert progress.state(108.0) == {"label": "immoments", "fraction": 0.4, "elapsed": 8.0, "detail": ""}
    progress.scale(None, 109.0)
    assert progress.state(110.0) is None


def test_within_a_cycle_the_scale_is_a_detail() -> None:
    progress = cleaning(*CYCLES)
    progress.scale(0.4, 107.0)
    state = progress.state(108.0)
    assert state is not None
    assert state["detail"] == "major cycle 2, 40% of this step, peak residual 20 mJy/beam, 30 iterations"
