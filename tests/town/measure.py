"""How long the n-th user of a hub waits, what each user takes, and what is left: figures of one machine."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count, repeat
from typing import Iterator, List, NamedTuple, Sequence

from websockets.sync.client import connect

from ..benchmarks.rfb import request
from ..neighbours.town import Person
from ..support.living import proportional
from ..support.rfb_reader import GREETING, Reader
from .observatory import Observatory
from .server import Server


class Figures(NamedTuple):
    """What was measured of one user, while those before were there.

    Attributes:
        number: which user it is, from 1.
        server: seconds from the request for a server until it answers.
        frame: seconds from the request for a desktop until a view through the proxy has its first picture.
        kernel: seconds from the request for a CASA kernel until it has run a cell.
        memory: of all the user's processes, in bytes; what they share with other processes counts in parts.
    """

    number: int
    server: float
    frame: float
    kernel: float
    memory: int

    def line(self) -> str:
        """Return the row of a table."""
        return f"{self.number:4}{self.server:9.1f}{self.frame:9.2f}{self.kernel:9.1f}{self.memory / 2**20:9.0f}"


HEADING = "user   server    frame   kernel   memory\n            (s)      (s)      (s)    (MiB)"


def observers(number: int) -> List[str]:
    """Return the names of so many users."""
    return [f"observer{each}" for each in range(1, number + 1)]


def admitted(hub: Observatory, users: Sequence[str]) -> Iterator[Figures]:
    """Yield the figures of new users of these names, who come one after the other and stay."""
    for number, name in enumerate(users, 1):
        yield _admit(hub, number, hub.new_user(name))


def rushed(hub: Observatory, users: Sequence[str]) -> List[Figures]:
    """Return the figures of new users who come at the same moment and stay; memory is counted when all are there."""
    people = [hub.new_user(name) for name in users]
    with ThreadPoolExecutor(len(people)) as threads:
        found = list(threads.map(_admit, repeat(hub), count(1), people))
    return [each._replace(memory=proportional(person.processes())) for each, person in zip(found, people)]


def _admit(hub: Observatory, number: int, person: Person) -> Figures:
    begin = time.monotonic()
    server = Server(hub, hub.start_server(person.name), person.name)
    answered = time.monotonic()
    server.desktop()
    _first_frame(server)
    drawn = time.monotonic()
    server.kernel().leave()
    ready = time.monotonic()
    return Figures(number, answered - begin, drawn - answered, ready - drawn, proportional(person.processes()))


def dismissed(hub: Observatory, users: Sequence[str]) -> List[str]:
    """Have the hub stop the servers of these users, and return what is left of all of them."""
    for name in users:
        hub.ask(f"users/{name}/server", "DELETE")
    for name in users:
        hub.await_end(name)
    return [each for person in hub.town.people if person.name in users for each in hub.left(person)]


def _first_frame(server: Server) -> None:
    """View the desktop until the head of its first picture has come."""
    address = f"ws{server.url[4:]}casa-desktop/api/desktops/main/rfb"
    headers = {"Authorization": f"token {server.token}"}
    with connect(address, additional_headers=headers, max_size=None, open_timeout=60) as view:
        reader = Reader(view)
        view.send(GREETING)
        reader.greeted()
        view.send(request(False, 100, 100))
        assert reader.read(4)[0] == 0
