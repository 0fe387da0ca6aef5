"""What the shipped configuration adds to a hub: its culler of idle servers, and its users' shares."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timezone
from typing import Any, List

from ..support.hub import TOKEN
from .observatory import Observatory
from .server import Server

# So much later must the one's activity be than the other's: a server that is busy reports every second.
APART = 10


def _activity(hub: Observatory, user: str) -> datetime:
    """Return the time of the last activity of a user's server, as the hub knows it."""
    return _time(hub.ask(f"users/{user}")["servers"][""]["last_activity"])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _cull(hub: Observatory, seconds: int) -> subprocess.Popen[Any]:
    """Start the culler: the one of the shipped configuration, with another time."""
    variables = {**hub.environment, "JUPYTERHUB_API_TOKEN": TOKEN, "JUPYTERHUB_API_URL": f"{hub.url}hub/api"}
    words: List[str] = [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={seconds}", "--cull-every=300"]
    return subprocess.Popen(words, env=variables, cwd="/", stderr=subprocess.DEVNULL)


def test_an_idle_server_is_culled_with_its_desktop_and_one_whose_cell_runs_is_not(hub: Observatory) -> None:
    person = hub.new_user("idle")
    hub.new_user("busy")
    idle = Server(hub, hub.start_server("idle"), "idle")
    idle.desktop()
    busy = Server(hub, hub.start_server("busy"), "busy")
    model = busy.desktop()
    kernel = busy.kernel()
    # It prints nothing.
    kernel.run("import threading; threading.Event().wait()")
    # A question that counts as no activity.
    idle_since = _time(idle.ask("api/status")["last_activity"])
    while _activity(hub, "idle") < idle_since:
        pass
    while (_activity(hub, "busy") - idle_since).total_seconds() < APART:
        pass
    assert _activity(hub, "idle") == idle_since
    allowed = (datetime.now(timezone.utc) - idle_since).total_seconds() - 1
    with _cull(hub, int(allowed)) as culler:
        hub.await_end("idle")
        culler.terminate()
    assert hub.left(person) == []
    assert busy.desktops() == [model]
    kernel.leave()
    hub.ask("users/busy/server", "DELETE")
    hub.await_end("busy")


def test_guests_by_a_share_of_the_hub_see_the_desktop_that_is_shared_with_them_and_nothing_else(
    hub: Observatory,
) -> None:
    hub.new_user("owner")
    hub.new_user("guest")
    server = Server(hub, hub.start_server("owner"), "owner")
    server.desktop()
    link = server.ask("casa-desktop/api/desktops/main/shares", "POST", {"minutes": 5})["url"]
    shared = link[link.index("casa-desktop/") :]
    guest = hub.token("guest")
    assert server.status(shared, guest) == 403
    # The owner's own right: the configuration gives it to all users.
    hub.ask_as(server.token, "shares/owner/", "POST", {"user": "guest"})
    # A server believes for five minutes what the hub has told it of a token.
    guest = hub.token("guest")
    assert server.status(shared, guest) == 200
    for path in ("lab", "api/kernels", "api/contents", "casa-desktop/", "casa-desktop/api/desktops", "proxy/1/"):
        assert server.status(path, guest) == 403, path
    assert server.status("lab", server.token) == 200
    hub.ask("users/owner/server", "DELETE")
    hub.await_end("owner")
