"""Somebody else was there first: what he has made under our names is refused with a sentence, or avoided."""

from __future__ import annotations

import json
from typing import List

import pytest

from .town import Person, Town, answer_of

# How a desktop's start and end go, in words.
LIFE = """
import json
from casa_desktop import errors
from casa_desktop.desktop import lifecycle
try:
    record = lifecycle.ensure(timeout=60)
    print(json.dumps([record.display, lifecycle.stop()]))
except errors.CasaDesktopError as error:
    print(json.dumps([type(error).__name__, str(error)]))
"""
# What a Jupyter server tells of, without asking for anything.
TOLD = """
import json
from casa_desktop.views import runtime_watch
from casa_desktop.desktop import registry
from casa_desktop.runtime import directory
from casa_desktop.errors import CasaDesktopError
try:
    found = [each.name for each in registry.list_desktops()]
except CasaDesktopError as error:
    found = type(error).__name__
print(json.dumps([found, list(runtime_watch.running(directory.configured_root()))]))
"""
# A desktop of somebody's who wants it to be taken for another's: record, lock and a socket that answers.
FORGERY = """
import fcntl, json, os, socket, sys
root = sys.argv[1]
os.makedirs(root + "/main")
for folder in (root, root + "/main"):
    os.chmod(folder, 0o777)
listener = socket.socket(socket.AF_UNIX)
listener.bind(root + "/main/rfb.sock")
listener.listen()
record = dict(name="main", display=":0", xauthority=root + "/main/Xauthority", rfb_socket=root + "/main/rfb.sock",
              supervisor_pid=os.getpid(), x_server_pid=os.getpid(), started=1.0, version="0")
with open(root + "/main/record.json", "w") as file:
    json.dump(record, file)
fcntl.flock(os.open(root + "/main", os.O_RDONLY), fcntl.LOCK_EX)
print("forged", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def user(town: Town) -> Person:
    """Whose desktop it is about."""
    return town.newcomer()


@pytest.fixture
def neighbour(town: Town, user: Person) -> Person:
    """Somebody else."""
    return town.newcomer()


def _root(person: Person) -> str:
    return f"/tmp/casa-desktop-{person.uid}"


def _made_by(person: Person, script: str) -> None:
    """Have somebody run a shell's words."""
    assert answer_of(person.start("sh", "-euc", f"{script.strip()}; echo 0")) == 0


ROOTS = {
    "a folder": "mkdir -m 777 {root}",
    "a link to a folder of his": "mkdir -m 777 /tmp/his; ln -s /tmp/his {root}",
    "a link to a folder of the user's": "ln -s {home} {root}",
    "a link to nowhere": "ln -s /tmp/nowhere {root}",
    "a file": "touch {root}; chmod 666 {root}",
    "a pipe": "mkfifo -m 666 {root}",
}


@pytest.mark.parametrize("made", ROOTS.values(), ids=ROOTS)
def test_a_runtime_directory_that_somebody_else_has_made_is_refused(
    town: Town, user: Person, neighbour: Person, made: str
) -> None:
    _made_by(neighbour, made.format(root=_root(user), home=user.home))
    before = _tree(town)
    kind, sentence = user.ask(LIFE)
    assert kind == "RuntimeDirectoryError"
    assert "Set CASA_DESKTOP_RUNTIME_DIR to " in sentence
    assert _tree(town) == before
    # The remedy helps.
    display, stopped = user.ask(LIFE, CASA_DESKTOP_RUNTIME_DIR=f"{user.home}/run")
    assert display.startswith(":")
    assert stopped


def _tree(town: Town) -> List[str]:
    return sorted(str(path) for folder in ("tmp", "mnt/home") for path in (town.root / folder).rglob("*"))


def test_a_desktop_that_somebody_else_forges_is_not_told_of(user: Person, neighbour: Person) -> None:
    forgery = neighbour.python("-c", FORGERY, _root(user))
    assert forgery.stdout is not None
    assert forgery.stdout.readline() == "forged\n"
    assert user.ask(TOLD) == ["RuntimeDirectoryError", []]
    forgery.communicate("\n")


SOCKETS = {
    "his own": "mkdir -m 1777 /tmp/.X11-unix",
    "closed": "mkdir -m 755 /tmp/.X11-unix",
    "a link": "mkdir -m 1777 /tmp/his; ln -s /tmp/his /tmp/.X11-unix",
    "a file": "touch /tmp/.X11-unix",
}


@pytest.mark.parametrize("made", SOCKETS.values(), ids=SOCKETS)
def test_a_folder_for_x_s_sockets_that_somebody_else_has_made_is_refused(
    town: Town, user: Person, neighbour: Person, made: str
) -> None:
    town.as_root("rmdir /tmp/.X11-unix")
    _made_by(neighbour, made)
    kind, sentence = user.ask(LIFE)
    assert kind == "SocketFolderUnsafe"
    assert "Have the administrator set it right: 'chown root:root /tmp/.X11-unix" in sentence
    assert not (town.root / _root(user)[1:] / "main").exists()
    # The remedy helps.
    town.as_root("[ -d /tmp/.X11-unix ] && [ ! -L /tmp/.X11-unix ] || rm /tmp/.X11-unix")
    town.as_root("mkdir -p /tmp/.X11-unix; chown root:root /tmp/.X11-unix; chmod 1777 /tmp/.X11-unix")
    assert user.ask(LIFE)[1] is True


def test_a_missing_folder_for_x_s_sockets_is_made(town: Town, user: Person) -> None:
    town.as_root("rmdir /tmp/.X11-unix")
    assert user.ask(LIFE)[1] is True
    found = (town.root / "tmp" / ".X11-unix").stat()
    assert (found.st_uid, found.st_mode & 0o7777) == (user.uid, 0o1777)


# X looks for the lowest number that is free; these are taken in all ways that there are.
TAKEN = """
cd /tmp/.X11-unix
for number in $(seq 0 11); do
  case $((number % 6)) in
    0) mkdir X$number; mkdir -p /tmp/.X$number-lock ;;
    1) ln -s {home}/precious X$number; ln -s {home}/precious /tmp/.X$number-lock ;;
    2) touch X$number; mkfifo -m 666 /tmp/.X$number-lock ;;
    3) mkfifo -m 666 X$number; ln -s /dev/zero /tmp/.X$number-lock ;;
    4) ln -s /tmp/nowhere X$number; echo "         1" > /tmp/.X$number-lock ;;
    5) ln -s X$number X$number; echo "4194303999" > /tmp/.X$number-lock ;;
  esac
done
"""


def test_displays_whose_names_somebody_else_has_taken_are_avoided_and_nothing_of_his_is_touched(
    town: Town, user: Person, neighbour: Person
) -> None:
    _made_by(user, "echo precious > precious")
    _made_by(neighbour, TAKEN.format(home=user.home))
    before = _tree(town)
    display, stopped = user.ask(LIFE)
    assert int(display[1:]) >= 12
    assert stopped
    assert _tree(town) == before
    assert (town.root / user.home[1:] / "precious").read_text() == "precious\n"


# A lock that is a pipe was waited for when the display's own desktop ended.
ENDING = """
import json
from casa_desktop.desktop import lifecycle
print(json.dumps(lifecycle.ensure(timeout=60).display), flush=True)
input()
print(json.dumps(lifecycle.stop()), flush=True)
"""


@pytest.mark.parametrize("made", ["mkfifo -m 666", "ln -s /dev/zero", "mkdir -m 777"])
def test_a_lock_that_somebody_puts_beside_a_running_display_does_not_keep_its_desktop_from_ending(
    user: Person, neighbour: Person, made: str
) -> None:
    program = user.python("-c", ENDING)
    assert program.stdout is not None
    display = json.loads(program.stdout.readline())
    _made_by(neighbour, f"{made} /tmp/.X{display[1:]}-lock")
    assert answer_of(program, "\n", timeout=30) is True
