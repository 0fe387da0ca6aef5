"""The JupyterHub that is shipped, with real users of the system: what a server's end leaves, and who may do what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Dict, Iterator, List
from urllib.parse import quote

import psutil
import pytest

from ..neighbours.town import Person, lack
from ..support.living import command, name_of
from .observatory import Observatory
from .server import Server

# As directory services name their users.
AWKWARD = "karl j@obs.example"
USERS = ("ada", "grace", "mary", "vera", AWKWARD)
# The hub looks for servers that have ended by themselves every half minute.
SOONER = "c.Spawner.poll_interval = 1\n"


@pytest.fixture(scope="module")
def hub() -> Iterator[Observatory]:
    reason = lack()
    if reason:
        pytest.skip(reason)
    with Observatory(SOONER) as running:
        yield running


@pytest.fixture(scope="module")
def users(hub: Observatory) -> Dict[str, Person]:
    return {name: hub.new_user(name) for name in USERS}


def _started(hub: Observatory, *names: str) -> List[Server]:
    """Return servers of users, all started at once."""
    with ThreadPoolExecutor(len(names)) as threads:
        return [Server(hub, url, name) for name, url in zip(names, threads.map(hub.start_server, names))]


def _server_process(person: Person) -> psutil.Process:
    """Return the process of the user's server."""
    return next(each for each in person.processes() if "jupyterhub-singleuser" in " ".join(command(each)))


def _stopped_by_the_hub(hub: Observatory, server: Server, person: Person) -> None:
    hub.ask(f"users/{quote(person.name)}/server", "DELETE")


def _shut_down_by_its_user(hub: Observatory, server: Server, person: Person) -> None:
    server.ask("api/shutdown", "POST", {})


def _killed(hub: Observatory, server: Server, person: Person) -> None:
    _server_process(person).kill()


ENDS = {
    "ada": _stopped_by_the_hub,
    "grace": _shut_down_by_its_user,
    "mary": _killed,
    AWKWARD: _stopped_by_the_hub,
}


def test_nothing_is_left_of_a_server_however_it_ends(hub: Observatory, users: Dict[str, Person]) -> None:
    servers = dict(zip(ENDS, _started(hub, *ENDS)))
    for name, server in servers.items():
        assert server.desktop()["state"] == "running", name
        assert server.kernel().run('print(imhead("no.image") is None)').wait_until_over(60)
        assert any(name_of(each) in ("Xvnc", "Xtigervnc") for each in users[name].processes())
    for name, end in ENDS.items():
        end(hub, servers[name], users[name])
    for name in ENDS:
        hub.await_end(name)
        assert hub.left(users[name]) == []
