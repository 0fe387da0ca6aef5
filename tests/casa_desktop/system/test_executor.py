"""Blocking work beside an event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from casa_desktop.system.executor import in_thread, workers


def test_no_thread_is_started_when_there_is_work() -> None:
    workers()
    before = {*threading.enumerate()}
    together = threading.Barrier(6)

    async def work() -> None:
        # Those that are free do it at the same time, and more waits for them.
        await asyncio.gather(*(in_thread(together.wait, timeout=30) for _ in range(18)))

    asyncio.run(work())
    assert {*threading.enumerate()} == before


def test_an_error_is_raised_where_the_work_is_waited_for() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(divmod, 1, 0))
