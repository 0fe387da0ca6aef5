"""What an administrator sets, and what comes of it."""

from __future__ import annotations

import json
import os
from typing import Any, Awaitable, Callable, Dict

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from casa_desktop.desktop import lifecycle
from casa_desktop.runtime import exit_reason
from casa_desktop.web.config import CasaDesktop

pytest_plugins = ["pytest_jupyter.jupyter_server"]
VARIABLE = "CASA_DESKTOP_IDLE_MINUTES"


@pytest.fixture
def jp_server_config(jp_server_config: Dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Dict[str, Any]:
    """A Jupyter server with a limit to its desktops' idleness."""
    monkeypatch.setenv(VARIABLE, "7")
    return {**jp_server_config, "CasaDesktop": {"idle_minutes": 90.5, "opengl": True}}


async def test_the_idle_limit_holds_for_the_server_s_desktops_and_for_its_kernels(
    fetch: Callable[..., Awaitable[HTTPResponse]],
) -> None:
    model = json.loads((await fetch("api", "desktops", method="POST", body="{}")).body)
    assert model["idleMinutes"] == 90.5
    assert os.environ[VARIABLE] == "90.5"


async def test_who_asks_for_a_desktop_that_ended_by_itself_is_told_why(
    fetch: Callable[..., Awaitable[HTTPResponse]],
) -> None:
    exit_reason.write_last_words("main", "It was stopped after 90.5 minutes without use.")
    with pytest.raises(HTTPClientError) as answered:
        await fetch("api", "desktops", "main")
    assert answered.value.response is not None
    told = json.loads(answered.value.response.body)
    assert told["error"] == "NotRunning"
    assert "It was stopped after 90.5 minutes without use." in told["message"]
    lifecycle.stop()


def test_the_environment_s_limit_holds_where_the_administrator_sets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "45")
    assert CasaDesktop().settings().idle_minutes == 45
    assert CasaDesktop(idle_minutes=0).settings().idle_minutes == 0
    monkeypatch.delenv(VARIABLE)
    assert CasaDesktop().settings().idle_minutes == 0
