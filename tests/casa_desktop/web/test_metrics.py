"""What Prometheus reads at a real Jupyter server's own address."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Awaitable, Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tornado.httpclient import HTTPClientError, HTTPResponse

from casa_desktop.desktop import lifecycle
from casa_desktop.views import share_links

from ...support.browser import RAW, Browser

pytest_plugins = ["pytest_jupyter.jupyter_server"]
Fetch = Callable[..., Awaitable[HTTPResponse]]
View = Callable[..., Awaitable[Browser]]


@pytest.fixture
def read(fetch: Fetch, jp_fetch: Fetch) -> Callable[[], Awaitable[dict[str, float]]]:
    """Reads the metrics of ours; the counters of one process go on from test to test."""

    async def ask() -> dict[str, float]:
        text = (await jp_fetch("metrics")).body.decode()
        samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
        ours = [each for each in samples if each.name.startswith("casa_desktop_") and "le" not in each.labels]
        return {" ".join([each.name.removeprefix("casa_desktop_"), *each.labels.values()]): each.value for each in ours}

    return ask


async def test_desktops_and_their_starts_are_counted(fetch: Fetch, read: Any) -> None:
    before = await read()
    assert before["desktops"] == 0
    for name in ("main", "m31", "main"):
        await fetch("api", "desktops", method="POST", body=f'{{"name": "{name}"}}')
    lifecycle.ensure("by-hand")
    after = await read()
    assert after["desktops"] == 3
    assert after["start_seconds_count"] - before["start_seconds_count"] == 2
    assert 0 < after["start_seconds_sum"] - before["start_seconds_sum"] < math.inf
    assert after["start_failures_total"] == before["start_failures_total"]
    await fetch("api", "desktops", "m31", method="DELETE")
    assert (await read())["desktops"] == 2


async def test_a_start_that_fails_is_counted_as_that(
    fetch: Fetch, read: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await read()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HTTPClientError):
        await fetch("api", "desktops", method="POST", body="{}")
    after = await read()
    assert after["start_failures_total"] - before["start_failures_total"] == 1
    assert after["start_seconds_count"] == before["start_seconds_count"]


async def test_views_and_their_bytes_are_counted_while_they_last(fetch: Fetch, view: View, read: Any) -> None:
    before = await read()
    _, token = share_links.create(lifecycle.ensure())
    owner, guest = await view(), await view("shared", token, "rfb")
    for each in (owner, guest):
        await each.greet(RAW)
        assert len(await each.update(10, 10)) == 400
    during = await read()
    assert {name: during[f"views {name}"] - before[f"views {name}"] for name in ("owner", "guest")} == {
        "owner": 1,
        "guest": 1,
    }
    # At least the two pictures one way, and two requests of ten bytes the other way.
    assert during["sent_bytes_total"] - before["sent_bytes_total"] > 800
    assert during["received_bytes_total"] - before["received_bytes_total"] > 20
    # The server closes both, and by then has counted them as gone.
    lifecycle.stop()
    for each in (owner, guest):
        await each.closed()
    after = await read()
    assert [after[f"views {name}"] for name in ("owner", "guest")] == [
        before[f"views {name}"] for name in ("owner", "guest")
    ]
    assert after["views_opened_total owner"] - before["views_opened_total owner"] == 1


async def test_jupyter_s_metrics_are_served_where_the_desktops_cannot_be_counted(
    read: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(tmp_path / "file"))
    assert math.isnan((await read())["desktops"])
