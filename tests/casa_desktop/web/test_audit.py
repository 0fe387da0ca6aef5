"""The audit of a real Jupyter server: a line for each view, link and command, where the administrator wants it."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from pathlib import Path
from typing import Any, Awaitable, Callable, Iterator

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from casa_desktop.desktop import registry
from casa_desktop.web import audit

from ...support.browser import RAW, Browser
from ...support.jobs import ENDLESS, script

pytest_plugins = ["pytest_jupyter.jupyter_server"]
Fetch = Callable[..., Awaitable[HTTPResponse]]
View = Callable[..., Awaitable[Browser]]
BEGIN = "casa-desktop audit: "


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    return {**jp_server_config, "CasaDesktop": {"audit": True}}


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """Tells the lines so far, without what is the same in all."""
    caplog.set_level(logging.INFO)

    def told() -> list[dict[str, Any]]:
        found = [each.getMessage() for each in caplog.records if each.getMessage().startswith(BEGIN)]
        each_line = [json.loads(each.removeprefix(BEGIN)) for each in found]
        assert all(each.pop("time").endswith("+00:00") for each in each_line)
        assert all(each.pop("user") and each.pop("address") == "127.0.0.1" for each in each_line)
        return each_line

    return told


async def test_what_is_done_with_a_desktop_and_its_links_is_written(fetch: Fetch, view: View, lines: Any) -> None:
    await fetch("api", "desktops", method="POST", body="{}")
    # It runs already, so this changes nothing; and what is refused was not done.
    await fetch("api", "desktops", method="POST", body="{}")
    with pytest.raises(HTTPClientError):
        await fetch("api", "desktops", "m31", method="DELETE")
    await fetch("api", "desktops", "main", "screenshot.png")
    body = '{"minutes": 5, "label": "for \\"Ada\\""}'
    link = json.loads((await fetch("api", "desktops", "main", "shares", method="POST", body=body)).body)
    owner, guest = await view(), await view("shared", link["token"], "rfb")
    for each in (owner, guest):
        await (await each.greet(RAW)).update()
    await fetch("api", "desktops", "main", "shares", link["id"], method="DELETE")
    await guest.closed()
    await fetch("api", "desktops", "main", method="DELETE")
    await owner.closed()
    told = lines()
    assert [each.pop("seconds") >= 0 for each in told if each["action"] == "view-ended"] == [True, True]
    main, share = {"desktop": "main"}, {"desktop": "main", "share": link["id"]}
    expected = [
        {"action": "start", **main},
        {"action": "screenshot", **main},
        {"action": "share", **share, "label": 'for "Ada"', "expires": link["expires"]},
        {"action": "view", **main},
        {"action": "view", **share},
        {"action": "withdraw", **share},
        {"action": "view-ended", **share},
        {"action": "stop", **main},
        {"action": "view-ended", **main},
    ]
    # A view may end before what has ended it is written.
    assert sorted(told, key=json.dumps) == sorted(expected, key=json.dumps)
    assert link["token"] not in json.dumps(told)


async def test_commands_to_jobs_are_written(
    fetch: Fetch, lines: Any, jp_root_dir: Path, jp_data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    shutil.copytree(Path(sys.prefix, "share", "jupyter", "kernels", "casa"), jp_data_dir / "kernels" / "casa")
    notebook = script(jp_root_dir / "work", "reduce", ENDLESS)
    body = json.dumps({"notebook": "work/reduce.py"})
    job = json.loads((await fetch("api", "jobs", method="POST", body=body)).body)["id"]
    await fetch("api", "jobs", job, method="DELETE")

    async def post(*parts: str, body: str) -> None:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        options = {"headers": form, "follow_redirects": False, "raise_error": False}
        assert (await fetch("uws", "jobs", *parts, method="POST", body=body, **options)).code == 303

    await post(body="NOTEBOOK=work/reduce.py")
    made = lines()[-1]["job"]
    await fetch("api", "jobs", made, "stop", method="POST", body="")
    await post(made, body="ACTION=DELETE")
    assert lines() == [
        {"action": "job-run", "job": job, "notebook": str(notebook)},
        {"action": "job-remove", "job": job},
        {"action": "job-make", "job": made, "notebook": "work/reduce.py"},
        {"action": "job-stop", "job": made},
        {"action": "job-remove", "job": made},
    ]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """A file to which the audit's logger was led."""
    handler = logging.FileHandler(tmp_path / "audit.log")
    logger = logging.getLogger(audit.LOGGER)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield tmp_path / "audit.log"
    logger.removeHandler(handler)
    logger.setLevel(level)
    handler.close()


async def test_the_lines_go_where_the_administrator_leads_them(fetch: Fetch, file: Path) -> None:
    await fetch("api", "desktops", method="POST", body="{}")
    (line,) = file.read_text().splitlines()
    assert json.loads(line.removeprefix(BEGIN))["action"] == "start"


async def test_without_an_audit_nothing_is_written(fetch: Fetch, lines: Any, jp_serverapp: Any) -> None:
    jp_serverapp.web_app.settings["casa_desktop"].audit = False
    await fetch("api", "desktops", method="POST", body="{}")
    assert registry.find() is not None
    assert lines() == []
