"""Twenty users of one machine start their desktops at once; nobody sees another's, and nothing is left."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, List

import psutil
import pytest

from casa_desktop.system.process import end

from ..support.living import name_of
from .town import Person, Town, answer_of

MANY = 20
# Waits for a line, so that all begin at the same moment.
START = """
import json, sys
from dataclasses import asdict
from casa_desktop.desktop import lifecycle
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps(asdict(lifecycle.ensure(timeout=120))))
"""
LIST = (
    "import json; from casa_desktop.desktop import registry; "
    "print(json.dumps([r.name for r in registry.list_desktops()]))"
)
STOP = "import json; from casa_desktop.desktop import lifecycle; print(json.dumps(lifecycle.stop()))"
# Somebody names another's runtime directory as his own.
INTRUDE = """
import json
from casa_desktop import errors
from casa_desktop.desktop import lifecycle, registry
said = []
for function in (registry.find, registry.running, lifecycle.ensure, lifecycle.stop):
    try:
        said.append(str(function()))
    except errors.RuntimeDirectoryError as error:
        said.append(error.reason)
print(json.dumps(said))
"""


class Neighbour:
    """A user with a running desktop.

    Attributes:
        person: the user.
        record: what the desktop's record says.
    """

    def __init__(self, person: Person, record: Dict[str, Any]) -> None:
        self.person, self.record = person, record

    @property
    def seen(self) -> str:
        """What others may know, to begin with: where the desktop is, and its processes."""
        pids = [each.pid for each in self.person.processes()]
        return json.dumps({**self.record, "pids": pids})


def _all_at_once(people: List[Person]) -> List[Neighbour]:
    starting = [person.python("-c", START) for person in people]
    for process in starting:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in starting:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [Neighbour(person, answer_of(process)) for person, process in zip(people, starting)]


@pytest.fixture
def neighbours(town: Town) -> List[Neighbour]:
    """Twenty users whose desktops were started at once."""
    return _all_at_once([town.newcomer() for _ in range(MANY)])


def test_twenty_who_start_at_once_get_twenty_displays_that_nobody_else_sees(
    town: Town, neighbours: List[Neighbour]
) -> None:
    assert len({each.record["display"] for each in neighbours}) == MANY
    assert {each.record["rfb_socket"] for each in neighbours} == {
        f"/tmp/casa-desktop-{each.person.uid}/main/rfb.sock" for each in neighbours
    }
    _nobody_sees_anything(neighbours)
    _no_secret_is_in_the_list_of_processes(town, neighbours)
    _nothing_is_left(town, neighbours)


def _nobody_sees_anything(neighbours: List[Neighbour]) -> None:
    seen = [each.seen for each in neighbours]
    # The first and the last look at all the others.
    for spy in (0, MANY - 1):
        person = neighbours[spy].person
        others = seen[:spy] + seen[spy + 1 :]
        assert answer_of(person.python("-m", "tests.neighbours.spy", *others)) == []
        assert person.ask(LIST) == ["main"]
        victim = neighbours[spy - 1].record["rfb_socket"].rsplit("/", 2)[0]
        said = person.ask(INTRUDE, CASA_DESKTOP_RUNTIME_DIR=victim)
        assert [each.split(".")[0] for each in said] == ["it is not a folder of yours"] * 4


def _no_secret_is_in_the_list_of_processes(town: Town, neighbours: List[Neighbour]) -> None:
    cookies = [(town.root / each.record["xauthority"][1:]).read_bytes()[-16:] for each in neighbours]
    assert len(set(cookies)) == MANY
    pids = [pid for each in neighbours for pid in json.loads(each.seen)["pids"]]
    shown = b""
    for pid in pids:
        # A helper of a start has ended since.
        with suppress(FileNotFoundError, ProcessLookupError):
            shown += Path(f"/proc/{pid}/cmdline").read_bytes()
    assert b"casa_desktop.desktop.supervisor" in shown
    for cookie in cookies:
        assert cookie not in shown
        assert cookie.hex().encode() not in shown


def _nothing_is_left(town: Town, neighbours: List[Neighbour]) -> None:
    stopping = [each.person.python("-c", STOP) for each in neighbours]
    assert [answer_of(process) for process in stopping] == [True] * MANY
    _, alive = psutil.wait_procs([process for each in neighbours for process in each.person.processes()], timeout=10)
    assert alive == []
    # X's folder for sockets stays, as it does after any X server.
    assert [str(path.relative_to(town.root)) for path in (town.root / "tmp").rglob("*")] == ["tmp/.X11-unix"]


def test_the_spy_finds_what_is_open(town: Town) -> None:
    """A test of the test: somebody who opens everything is seen."""
    one, two = _all_at_once([town.newcomer(), town.newcomer()])
    folder = os.path.dirname(os.path.dirname(one.record["rfb_socket"]))
    town.as_root(f"chmod -R go+rwX {folder}")
    found = answer_of(two.person.python("-m", "tests.neighbours.spy", one.seen))
    for word in ("Xauthority opened", "desktop.log opened", "rfb.sock", "a file made"):
        assert any(word in each for each in found), (word, found)
    end(one.person.processes() + two.person.processes(), 5)


def test_processes_of_the_town_are_told_apart_by_their_users(town: Town) -> None:
    person = town.newcomer()
    program = person.start("cat")
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write("there\n")
    program.stdin.flush()
    assert program.stdout.readline() == "there\n"
    assert list(map(name_of, person.processes())) == ["cat"]
    program.stdin.close()
    program.wait()
    assert person.processes() == []
