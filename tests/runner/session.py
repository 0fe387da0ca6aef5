"""What every run does, in line or with workers: the order of the tests, and a look at what is installed."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Dict, List, Optional

import pytest

from . import compiling, installed, parallel, plan, touched
from .progress import Progress

# What a test records under this name (``record_property``) is told at the end of the run.
SUMMARY = "summary"


class Session:
    """A plug-in of the process that was called, and of each worker."""

    def __init__(self, config: pytest.Config) -> None:
        self._is_worker = hasattr(config, "workerinput")
        self._packages = Path(sysconfig.get_path("purelib"))
        self._before: installed.Census = {}
        self._changed: List[str] = []
        self._summaries: Dict[str, str] = {}

    def pytest_report_header(self, config: pytest.Config) -> List[str]:
        """Tell why there are no workers, if there should be some."""
        return parallel.header(config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Look at what is installed; and tell of the progress by files if several are at work."""
        if self._is_worker:
            return
        self._before = installed.census(self._packages)
        if getattr(session.config.option, "tx", None):
            session.config.pluginmanager.register(Progress(session.config))

    def pytest_collection(self, session: pytest.Session) -> None:
        """Share the compiling of the tests with the other workers."""
        if self._is_worker:
            compiling.compile_share(session.config, session.config.workerinput)  # type: ignore[attr-defined]

    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> Optional[bool]:
        """Read no file of which a quick run leaves out all: each worker reads them for itself."""
        if not config.option.quick or config.rootpath not in collection_path.parents:
            return None
        path = collection_path.relative_to(config.rootpath).as_posix()
        return True if plan.is_slow(f"{path}/" if collection_path.is_dir() else path) else None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: List[pytest.Item]) -> None:
        """Begin with the tests of what the working tree changes, which the scheduler of a parallel run does by itself.

        And leave out what takes time, if so asked, and give what is known to be long the time it needs.
        """
        if config.option.quick:
            slow = [item for item in items if not plan.is_quick(item.nodeid, getattr(item, "fixturenames", ()))]
            config.hook.pytest_deselected(items=slow)
            items[:] = [item for item in items if item not in set(slow)]
        for item in items:
            for name, limit in plan.LIMITS.items():
                if item.get_closest_marker(name) and not item.get_closest_marker("timeout"):
                    item.add_marker(pytest.mark.timeout(limit))
        if not self._is_worker:
            rank = touched.ranks(config.rootpath)
            by_file = {unit: rank(unit) for unit in {plan.unit_of(item.nodeid) for item in items}}
            items.sort(key=lambda item: by_file[plan.unit_of(item.nodeid)])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test has to say at the end."""
        for name, text in report.user_properties if report.when == "call" else ():
            if name == SUMMARY:
                self._summaries[report.nodeid] = str(text)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that has changed what is installed."""
        if self._is_worker:
            return
        self._changed = installed.differences(self._before, installed.census(self._packages))
        if self._changed and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell what tests have recorded for here, and what has changed."""
        for test, text in self._summaries.items():
            terminalreporter.section(test)
            terminalreporter.write_line(text)
        if self._changed:
            terminalreporter.section(f"these tests changed what is installed in {self._packages}", red=True)
            for line in self._changed:
                terminalreporter.write_line(line)

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Remove what the workers left."""
        if not self._is_worker:
            parallel.end(config)
