"""Servers that die at their start, and a hub that is killed: what the user reads, and what is left."""

from __future__ import annotations

import signal
from typing import List

import psutil
import pytest
from requests import Session

from ..support.living import below, line_of, with_word
from .observatory import PASSWORD, Observatory
from .server import Server

BROKEN = "raise SystemExit('a mistake of the user')"


def _pages(hub: Observatory, user: str) -> Session:
    """Return a browser in which a user has logged in."""
    browser = Session()
    browser.get(f"{hub.url}hub/login")
    words = {"username": user, "password": PASSWORD, "_xsrf": browser.cookies.get("_xsrf", path="/hub/")}
    assert browser.post(f"{hub.url}hub/login?next=%2Fhub%2Fhome", data=words).status_code == 200
    return browser


def test_a_server_that_dies_at_its_start_is_told_of_at_once_and_the_next_start_works(hub: Observatory) -> None:
    person = hub.new_user("caroline")
    folder = f"{person.home}/.jupyter"
    hub.town.as_root(f"install -d -o {person.uid} -g {person.uid} {folder}")
    hub.town.as_root(f'echo "{BROKEN}" > {folder}/jupyter_server_config.py')
    with pytest.raises(AssertionError, match=r"Your server has ended before it answered \(exit status [1-9]"):
        hub.start_server("caroline")
    # The same in a browser, which asks for the page of a start that has failed.
    with _pages(hub, "caroline") as browser:
        answer = browser.get(f"{hub.url}hub/spawn-pending/caroline")
        assert "Your server has ended before it answered" in answer.text
        assert "~/.jupyter" in answer.text
    assert hub.left(person) == []
    hub.town.as_root(f"rm {folder}/jupyter_server_config.py")
    server = Server(hub, hub.start_server("caroline"), "caroline")
    assert server.desktop()["state"] == "running"
    hub.ask("users/caroline/server", "DELETE")
    hub.await_end("caroline")
    assert hub.left(person) == []


def _services(hub: Observatory) -> List[psutil.Process]:
    return with_word(below(hub.pid), "jupyterhub_idle_culler")


def test_a_hub_that_was_killed_leaves_its_servers_and_desktops_to_the_next_one_and_nothing_else(
    hub: Observatory,
) -> None:
    person = hub.new_user("william")
    server = Server(hub, hub.start_server("william"), "william")
    model = server.desktop()
    services = _services(hub)
    assert services
    hub.stop(signal.SIGKILL)
    _, alive = psutil.wait_procs(services, timeout=60)
    assert [line_of(each) for each in alive] == []
    hub.start()
    assert server.desktops() == [model]
    hub.ask("users/william/server", "DELETE")
    hub.await_end("william")
    assert hub.left(person) == []
