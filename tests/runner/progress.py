"""How a parallel run tells what it does: a line for each file when it is done, and for each failure at once."""

from __future__ import annotations

from typing import Dict, List, Set, Tuple

import pytest

from . import plan

# The files that took longest, shown at the end.
_LONGEST = 15


class Progress:
    """A plug-in of the process that gives out the tests."""

    def __init__(self, config: pytest.Config) -> None:
        self._terminal = config.pluginmanager.getplugin("terminalreporter")
        self._letters: Dict[str, str] = {}
        self._seconds: Dict[str, float] = {}
        self._shown: Set[Tuple[str, str]] = set()
        self._left: Dict[str, int] = {}
        self._done, self._all = 0, 0

    def pytest_xdist_node_collection_finished(self, ids: List[str]) -> None:
        """Learn how many tests each file has."""
        if not self._left:
            self._all = len(ids)
            for test in ids:
                unit = plan.unit_of(test)
                self._left[unit] = self._left.get(unit, 0) + 1

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> object:
        """Keep each test's letter for its file's line, instead of having it shown among those of other files."""
        category, letter, word = yield
        key = (report.nodeid, report.when or "")
        if key in self._shown or not isinstance(report, pytest.TestReport):
            return category, letter, word
        self._shown.add(key)
        unit = plan.unit_of(report.nodeid)
        self._letters[unit] = self._letters.get(unit, "") + letter
        return category, "", ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Show a failure, and the line of a file whose last test is done."""
        unit = plan.unit_of(report.nodeid)
        self._seconds[unit] = self._seconds.get(unit, 0) + report.duration
        worker = report.node.gateway.id  # type: ignore[attr-defined]
        if report.failed:
            self._tell(f"FAILED {report.nodeid} ({report.when}, {worker})", red=True)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Count a test that is done."""
        unit = plan.unit_of(nodeid)
        self._left[unit] -= 1
        self._done += 1
        if not self._left[unit]:
            share = 100 * self._done // self._all
            letters = self._letters.get(unit, "")
            self._tell(f"[{share:3}%] {unit} {_short(letters)} {self._seconds.get(unit, 0):.0f} s")

    def _tell(self, line: str, **markup: bool) -> None:
        self._terminal.write_line(line, **markup)
        # A run's log is read while it grows.
        self._terminal.flush()

    def pytest_terminal_summary(self) -> None:
        """Tell which files took longest."""
        self._terminal.section(f"the {_LONGEST} files that took longest")
        for unit in sorted(self._seconds, key=self._seconds.__getitem__, reverse=True)[:_LONGEST]:
            self._terminal.write_line(f"{self._seconds[unit]:6.0f} s {unit}")


def _short(letters: str) -> str:
    """Return letters as they are, or, of many, how many there are of each; pure."""
    if len(letters) <= 40:
        return letters
    return " ".join(f"{letters.count(each)}{each}" for each in sorted(set(letters)))
