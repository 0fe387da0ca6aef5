"""What the log of casaplotms says of a plot, also if it says so a moment after the plot."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import IO, Iterator

import pytest
from casa_kernel.log import plotms_messages
from casa_kernel.log.plotms_messages import NO_REASON, PlotLog

LINE = "2028-11-21 11:00:00\tINFO\tPlotMS::{}\t{}\n"
BEGUN = LINE.format("plot", "Updating: Scatter") + LINE.format("load_cache", "Loading chunk 1 of 4")
PLOTTED = LINE.format("plot", "Plotting 12 unflagged points.")
FAILED = LINE.format("load_cache", "WARNING: Error during cache loading: there is no such column,")


@pytest.fixture
def casaplotms(tmp_path: Path) -> Iterator[IO[str]]:
    """What casaplotms has open: this process writes in its place."""
    with open(tmp_path / "casa.log", "a", buffering=1) as file:
        yield file


@pytest.mark.parametrize(("line", "failure"), [(PLOTTED, ""), (FAILED, "there is no such column.")])
def test_a_verdict_that_is_late_is_waited_for(
    casaplotms: IO[str], monkeypatch: pytest.MonkeyPatch, line: str, failure: str
) -> None:
    monkeypatch.setattr(plotms_messages, "_VERDICT", 60.0)
    with PlotLog(os.getpid(), casaplotms.name) as log:
        casaplotms.write(BEGUN)
        later = threading.Timer(0.1, casaplotms.write, [line])
        later.start()
        assert log.failure() == failure
        later.join()


def test_a_verdict_that_does_not_come_is_a_failure(casaplotms: IO[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plotms_messages, "_VERDICT", 0.1)
    with PlotLog(os.getpid(), casaplotms.name) as log:
        casaplotms.write(BEGUN)
        assert log.failure() == NO_REASON
        # Nothing was loaded anew for the next one.
        casaplotms.write(LINE.format("plot", "Updating: Scatter"))
        assert log.failure() == ""
