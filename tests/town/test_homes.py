"""Homes that are not as they should be: one of two users, and one on a full disk."""

from __future__ import annotations

import re

from ..support.shortage import Disk
from .observatory import Observatory
from .server import Server


def test_two_users_with_one_home_have_desktops_of_their_own(hub: Observatory) -> None:
    first = hub.new_user("jocelyn")
    second = hub.new_user("burnell", home=first.home)
    # As for a group of observers.
    hub.town.as_root(f"chmod 777 {first.home}")
    servers = [Server(hub, hub.start_server(name), name) for name in ("jocelyn", "burnell")]
    models = [server.desktop() for server in servers]
    assert len({model["display"] for model in models}) == 2
    hub.ask("users/jocelyn/server", "DELETE")
    hub.await_end("jocelyn")
    assert servers[1].desktops() == [models[1]]
    hub.ask("users/burnell/server", "DELETE")
    hub.await_end("burnell")
    # Where its folder in the home is another user's, IPython makes one in /tmp and leaves it (IPython 9).
    assert [each for each in hub.left(first) + hub.left(second) if not re.fullmatch(r"/tmp/tmp\w{8}", each)] == []


def test_a_user_whose_home_is_full_gets_a_server_a_desktop_and_a_kernel(hub: Observatory) -> None:
    person = hub.new_user("martin")
    hub.town.as_root(f"mount -t tmpfs -o size=1m,mode=700,uid={person.uid},gid={person.uid} home {person.home}")
    Disk(hub.town.root / person.home[1:]).fill()
    server = Server(hub, hub.start_server("martin"), "martin")
    assert server.desktop()["state"] == "running"
    kernel = server.kernel()
    cell = kernel.run("print(6 * 7)")
    assert cell.wait_until_over(60)
    assert cell.text.splitlines()[-1] == "42"
    kernel.leave()
    hub.ask("users/martin/server", "DELETE")
    hub.await_end("martin")
    assert hub.left(person) == []
