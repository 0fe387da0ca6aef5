"""A user who stays on the hub and works there, over and over: what fails, what it takes, and what it leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Iterator, List, NamedTuple

from ..neighbours.town import ROOT
from ..support.living import proportional, variables
from .observatory import Observatory
from .server import Server

USER = "jansky"
# A shell's words in the observatory: a home and a working folder for the browser.
BROWSER_HOME = 'mkdir -p /mnt/browser && cd "$1" && shift && HOME=/mnt/browser exec "$@"'
HEADING = "round  took   memory   processes\n        (s)    (MiB)"


class Round(NamedTuple):
    """One round of the user's work, and what there was of the user after it.

    Attributes:
        number: which round it is, from 1.
        seconds: how long it took.
        failure: what went wrong; empty if nothing did.
        memory: of all the user's processes, in bytes; what they share with other processes counts in parts.
        processes: how many they are.
    """

    number: int
    seconds: float
    failure: str
    memory: int
    processes: int

    def line(self) -> str:
        """Return the row of a table."""
        figures = f"{self.number:5}{self.seconds:6.0f}{self.memory / 2**20:9.0f}{self.processes:12}"
        return f"{figures}  {self.failure}".rstrip()


def stayed(hub: Observatory, *words: str, user: str = USER) -> Iterator[Round]:
    """Yield the rounds of a new user.

    Args:
        hub: where the user has a server, which goes on.
        words: how long; options of ``astronomer``.
        user: the name.
    """
    person = hub.new_user(user)
    server = Server(hub, hub.start_server(user), user)
    (folder,) = {*filter(None, (variables(each).get("CASA_DESKTOP_RUNTIME_DIR") for each in person.processes()))}
    program = [sys.executable, "-m", "tests.town.astronomer", hub.url, user, server.url, folder, *words]
    with subprocess.Popen(
        [*hub.town.entry, "sh", "-euc", BROWSER_HOME, "sh", str(ROOT), *program],
        env=hub.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            # A command line is for all to read.
            process.stdin.write(f"{server.token}\n")
            process.stdin.flush()
            for line in process.stdout:
                processes = person.processes()
                yield Round(**json.loads(line), memory=proportional(processes), processes=len(processes))
        finally:
            process.terminate()
    assert process.returncode == 0, f"the user's browser has ended with {process.returncode}"


def gone(hub: Observatory, user: str = USER) -> List[str]:
    """Have the hub stop the user's server, and return what is left of the user."""
    hub.ask(f"users/{user}/server", "DELETE")
    hub.await_end(user)
    return [each for person in hub.town.people if person.name == user for each in hub.left(person)]
