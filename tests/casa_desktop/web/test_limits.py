"""An administrator's limits to desktops, on a real Jupyter server."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import Any, Awaitable, Callable, Dict

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from casa_desktop.desktop import registry

pytest_plugins = ["pytest_jupyter.jupyter_server"]
Fetch = Callable[..., Awaitable[HTTPResponse]]
VARIABLES = ("CASA_DESKTOP_LIFETIME_MINUTES", "CASA_DESKTOP_MOST_DESKTOPS")


@pytest.fixture
def jp_server_config(jp_server_config: Dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Dict[str, Any]:
    # The server sets them for its kernels.
    for name in VARIABLES:
        monkeypatch.setenv(name, "7")
    return {**jp_server_config, "CasaDesktop": {"lifetime_minutes": 90.5, "most_desktops": 1}}


async def test_the_limits_hold_for_the_server_s_desktops_and_for_its_kernels(fetch: Fetch) -> None:
    assert [os.environ[name] for name in VARIABLES] == ["90.5", "1"]
    model = json.loads((await fetch("api", "desktops", method="POST", body="{}")).body)
    record = registry.running()
    assert datetime.fromisoformat(model["ends"]).timestamp() == pytest.approx(record.ends, abs=0.001)
    assert record.ends - record.started < 90.5 * 60
    with pytest.raises(HTTPClientError) as refused:
        await fetch("api", "desktops", method="POST", body='{"name": "m31"}')
    assert refused.value.code == 409
    assert refused.value.response is not None
    told = json.loads(refused.value.response.body)
    assert told["error"] == "TooManyDesktops"
    assert "no more than 1 may run at a time, and there are main." in told["message"]
    assert [each.name for each in registry.list_desktops()] == ["main"]
