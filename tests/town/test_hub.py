"""The JupyterHub that is shipped, with real users of the system: what a server's end leaves, and who may do what."""

from __future__ import annotations

import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, List, Tuple
from urllib.parse import quote

import psutil
import pytest
import requests

from ..chaos.cells import Kernel
from ..neighbours.town import Person
from ..support.living import command, name_of
from .observatory import PASSWORD, Observatory
from .server import Server

# As directory services name their users.
AWKWARD = "karl j@obs.example"
USERS = ("ada", "grace", "mary", "vera", AWKWARD)


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


@pytest.mark.parametrize("name", ["vera", AWKWARD])
def test_users_of_the_system_log_in_with_their_passwords_and_no_others(
    hub: Observatory, users: Dict[str, Person], name: str
) -> None:
    assert _logged_in(hub, name, PASSWORD) == (200, name)
    assert _logged_in(hub, name, "wrong") == (403, "")


def _logged_in(hub: Observatory, name: str, password: str) -> Tuple[int, str]:
    """Fill in the hub's page for logging in; return the answer's status, and whom the hub takes the browser for."""
    with requests.Session() as browser:
        browser.get(f"{hub.url}hub/login")
        words = {"username": name, "password": password, "_xsrf": browser.cookies.get("_xsrf", path="/hub/")}
        answer = browser.post(f"{hub.url}hub/login?next=%2Fhub%2Fhome", data=words)
        own = browser.get(f"{hub.url}hub/api/user", headers={"Referer": f"{hub.url}hub/home"})
        return answer.status_code, own.json().get("name", "")


def test_each_server_of_a_user_has_desktops_of_its_own(hub: Observatory, users: Dict[str, Person]) -> None:
    # As an administrator adds one to the kernels of all users.
    hub.town.as_root(f"{sys.executable} -m casa_desktop kernel install --prefix /usr/local --name casa-too")
    first, other = (Server(hub, hub.start_server("ada", name), "ada") for name in ("", "older-casa"))
    model = first.desktop()
    other.desktop()
    kernels = [first.kernel("casa"), other.kernel("casa-too")]
    folders = [_printed(each, "import os; print(os.environ['CASA_DESKTOP_RUNTIME_DIR'])") for each in kernels]
    assert len({*folders}) == 2
    hub.ask("users/ada/servers/older-casa", "DELETE", {"remove": True})
    hub.await_end("ada", "older-casa")
    assert first.desktops() == [model]
    assert _printed(kernels[0], "print(6 * 7)") == "42"
    assert not hub.town.as_root(f"ls -d {folders[1]} || true")
    kernels[1].leave()
    _stopped_by_the_hub(hub, first, users["ada"])
    hub.await_end("ada")
    kernels[0].leave()
    assert hub.left(users["ada"]) == []


def _printed(kernel: Kernel, code: str) -> str:
    """Return what a cell prints."""
    cell = kernel.run(code)
    assert cell.wait_until_over(120)
    return cell.text.strip()


def test_servers_kernels_and_desktops_survive_a_restart_of_the_hub_which_cleans_up_after_those_that_did_not(
    hub: Observatory, users: Dict[str, Person]
) -> None:
    survivor, lost = _started(hub, "grace", "mary")
    model = survivor.desktop()
    lost.desktop()
    kernel = survivor.kernel()
    assert _printed(kernel, "x = 7; print(x)") == "7"
    kernel.leave()
    hub.stop(signal.SIGTERM)
    server = _server_process(users["mary"])
    server.kill()
    server.wait(60)
    hub.start()
    assert survivor.desktops() == [model]
    again = Kernel(survivor, known=kernel.id)
    assert _printed(again, "print(x)") == "7"
    again.leave()
    hub.await_end("mary")
    assert hub.left(users["mary"]) == []
    _stopped_by_the_hub(hub, survivor, users["grace"])
    hub.await_end("grace")
    assert hub.left(users["grace"]) == []


def test_a_desktop_that_may_outlive_its_server_is_found_by_the_next_one(hub: Observatory) -> None:
    hub.new_user("outliving")
    models = []
    for _ in range(2):
        server = Server(hub, hub.start_server("outliving"), "outliving")
        models.append({**server.desktop(), "server": ""})
        hub.ask("users/outliving/server", "DELETE")
        hub.await_end("outliving")
    assert models[0] == models[1]
