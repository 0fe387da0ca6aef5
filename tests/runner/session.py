"""What every run does, in line or with workers: the order of the tests, and how it is told."""

from __future__ import annotations

from typing import List

import pytest

from . import parallel, plan, touched
from .progress import Progress


class Session:
    """A plug-in of the process that was called, and of each worker."""

    def __init__(self, config: pytest.Config) -> None:
        self._is_worker = hasattr(config, "workerinput")

    def pytest_report_header(self, config: pytest.Config) -> List[str]:
        """Tell why there are no workers, if there should be some."""
        return parallel.header(config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Tell of the progress by files if several are at work."""
        if not self._is_worker and getattr(session.config.option, "tx", None):
            session.config.pluginmanager.register(Progress(session.config))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: List[pytest.Item]) -> None:
        """Begin with the tests of what the working tree changes. The scheduler of a parallel run does it by itself."""
        if not self._is_worker:
            rank = touched.ranks(config.rootpath)
            by_file = {unit: rank(unit) for unit in {plan.unit_of(item.nodeid) for item in items}}
            items.sort(key=lambda item: by_file[plan.unit_of(item.nodeid)])

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Remove what the workers left."""
        if not self._is_worker:
            parallel.end(config)
