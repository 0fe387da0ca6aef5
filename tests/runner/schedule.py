"""The scheduler of a parallel run, for pytest-xdist: files to the workers, the longest first, and what is alone last.

The last worker is the machine's, and has no place of its own. While it does what wants the machine as it is, another
worker waits for it, so that no more are at work than were asked for. Then it waits until all others have ended, and
does what runs alone.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from . import plan, touched

Unit = Dict[str, bool]
# A worker runs a test when it knows the next one, whose fixtures decide which it may end.
_AHEAD = 2


class Parallel(LoadFileScheduling):
    """Gives each worker a file when it is nearly done with its last.

    Attributes:
        workqueue: the units that nobody does yet, for the workers in places of their own.
        beside: those for the machine's worker while others are at work.
        alone: those for it when they have ended.
    """

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        self.beside: Dict[str, Unit] = {}
        self.alone: Dict[str, Unit] = {}
        self._rank = touched.ranks(config.rootpath)

    @property
    def tests_finished(self) -> bool:
        """Whether nothing is left to be given out, and each worker has but its last test."""
        return bool(super().tests_finished) and not self.beside and not self.alone

    @property
    def has_pending(self) -> bool:
        """Whether anything is left to be done."""
        return bool(super().has_pending or self.beside or self.alone)

    def schedule(self) -> None:
        """Give out the first units, or, with a worker in place of one that crashed, more of them."""
        assert self.collection_is_completed
        if self.collection is None:
            if not self._check_nodes_have_same_collection():
                return
            self.collection = list(next(iter(self.registered_collections.values())))
            units: Dict[str, Unit] = {}
            for test in self.collection:
                units.setdefault(self._split_scope(test), {})[test] = False
            for unit in plan.ordered(units, self._rank):
                self._home(unit)[unit] = units[unit]
            for node in self.nodes:
                queue = self._queue(node)
                if queue:
                    self._give(node, queue)
        for node in self.nodes:
            self._reschedule(node)

    def remove_node(self, node: WorkerController) -> Optional[str]:
        """Take a worker out that has ended; return the test in which it crashed, if it did, which counts as done."""
        work = self.assigned_work.pop(node)
        left = {unit: tests for unit, tests in work.items() if not all(tests.values())}
        crashed = next((test for tests in left.values() for test, done in tests.items() if not done), None)
        if crashed:
            left[self._split_scope(crashed)][crashed] = True
        for unit, tests in left.items():
            if not all(tests.values()):
                self._home(unit)[unit] = tests
        for other in self.nodes:
            self._reschedule(other)
        return crashed

    def _split_scope(self, nodeid: str) -> str:
        return plan.unit_of(nodeid)

    def _home(self, unit: str) -> Dict[str, Unit]:
        return self.alone if plan.is_alone(unit) else self.beside if plan.is_of_machine(unit) else self.workqueue

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """Count a test as done, and let the worker that waits for the machine's begin when that has done its part."""
        super().mark_test_complete(node, item_index, duration)
        if _is_machine(node):
            for other in self.nodes:
                self._reschedule(other)

    def _reschedule(self, node: WorkerController) -> None:
        if node.shutting_down or node not in self.registered_collections:
            return
        queue = self._queue(node)
        if queue is None:
            return
        while queue and self._pending_of(self.assigned_work[node]) <= _AHEAD:
            self._give(node, queue)
        if not queue and queue is not self.beside:
            # It does what it has, and ends.
            node.shutdown()

    def _queue(self, node: WorkerController) -> Optional[Dict[str, Unit]]:
        """Return the units of which a worker may be given some now; None while it has to wait."""
        if not _is_machine(node):
            places = [each for each in self.nodes if not _is_machine(each)]
            return None if node is places[-1] and self._is_machine_at_work() else self.workqueue
        if self.beside:
            return self.beside
        return None if self.workqueue or len(self.nodes) > 1 else self.alone

    def _is_machine_at_work(self) -> bool:
        # With one test it waits for the next one, or for its end.
        work = (self._pending_of(self.assigned_work[node]) for node in self.nodes if _is_machine(node))
        return any(bool(self.beside) or pending > 1 for pending in work)

    def _give(self, node: WorkerController, queue: Dict[str, Unit]) -> None:
        doing = self.assigned_work[node]
        others = [list(each)[-1] for other, each in self.assigned_work.items() if other is not node and each]
        unit = plan.chosen(list(queue), next(reversed(doing), None), others, self._rank)
        # A unit whose worker crashed may come back to one that has done some of it.
        tests = doing[unit] = {**doing.pop(unit, {}), **queue.pop(unit)}
        place: List[str] = self.registered_collections[node]
        node.send_runtest_some([place.index(test) for test, done in tests.items() if not done])


def _is_machine(node: WorkerController) -> bool:
    return not node.gateway.spec.python
