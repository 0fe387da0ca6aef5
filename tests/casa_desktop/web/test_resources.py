"""What a real Jupyter server tells the page of memory and of the job in which it runs."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Awaitable, Callable

import psutil
import pytest
from tornado.httpclient import HTTPResponse

pytest_plugins = ["pytest_jupyter.jupyter_server"]
Fetch = Callable[..., Awaitable[HTTPResponse]]


async def test_the_page_is_told_the_memory_and_the_end_of_the_job(
    fetch: Fetch, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No Slurm knows this job; so what it was told at its start counts.
    monkeypatch.setenv("SLURM_JOB_ID", "4294967290")
    monkeypatch.setenv("SLURM_JOB_END_TIME", "1764446400")
    jp_serverapp.web_app.settings.pop("api_last_activity", None)
    told = json.loads((await fetch("api", "resources")).body)
    assert datetime.fromisoformat(told["jobEnds"]).timestamp() == 1764446400
    assert 0 < told["memory"]["used"] < told["memory"]["limit"] <= psutil.virtual_memory().total
    # A page that is open asks by itself.
    assert "api_last_activity" not in jp_serverapp.web_app.settings


async def test_outside_of_a_job_there_is_no_end(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert json.loads((await fetch("api", "resources")).body)["jobEnds"] is None
