"""One user, logged in by ssh and through a hub: processes with different variables see the same desktops.

A login makes /run/user/UID and names it in XDG_RUNTIME_DIR; a hub's server has neither. The last logout removes it,
unless its user lingers.
"""

from __future__ import annotations

from typing import Any, Dict

import pytest

from ..support.living import command
from .town import Person, Town

# What one of the user's processes does with the desktop, in words; it prints the record, or the error.
ACT = """
import json, sys
from casa_desktop import errors
from casa_desktop.desktop import lifecycle, registry
try:
    found = getattr(registry if hasattr(registry, sys.argv[1]) else lifecycle, sys.argv[1])()
except errors.CasaDesktopError as error:
    found = [type(error).__name__, str(error)]
if isinstance(found, list):
    found = [each if isinstance(each, str) else vars(each) for each in found]
print(json.dumps(found if isinstance(found, (list, bool, type(None))) else vars(found)))
"""
# The folders of a login, where a real system has systemd's; the rest of this machine sees none of it.
SYSTEM = """
mount -t tmpfs town /run
mount -t tmpfs town /var/lib/systemd
mkdir -p /run/user /var/lib/systemd/linger
cp /etc/passwd /mnt/passwd
echo 'ada:x:{uid}:{uid}::{home}:/bin/sh' >> /mnt/passwd
mount --bind /mnt/passwd /etc/passwd
"""
LOGIN = "mkdir /run/user/{uid}; mount -t tmpfs -o mode=700,uid={uid} login /run/user/{uid}"
# As systemd does it: what is in it first, and then the rest, whoever has it open.
LOGOUT = "find /run/user/{uid} -mindepth 1 -delete; umount -l /run/user/{uid}; rmdir /run/user/{uid}"
LINGER = "touch /var/lib/systemd/linger/ada"


class Account:
    """A user who is logged in."""

    def __init__(self, town: Town, person: Person) -> None:
        self._town, self._person = town, person
        self.system(SYSTEM)
        self.system(LOGIN)

    def system(self, script: str) -> None:
        """Have the system do something."""
        self._town.as_root(script.strip().format(uid=self._person.uid, home=self._person.home))

    def by_ssh(self, action: str) -> Any:
        """Do something from the login's shell."""
        return self._person.ask(ACT, action, XDG_RUNTIME_DIR=f"/run/user/{self._person.uid}")

    def by_hub(self, action: str) -> Any:
        """Do something from the hub's server."""
        return self._person.ask(ACT, action)

    def supervisors(self) -> int:
        """Return how many desktops the user really has."""
        return sum("casa_desktop.desktop.supervisor" in command(each) for each in self._person.processes())


@pytest.fixture
def account(town: Town) -> Account:
    return Account(town, town.newcomer())


@pytest.mark.parametrize("lingers", [False, True], ids=["the place of a login goes", "the user lingers"])
def test_both_find_the_desktop_that_the_other_has_started(account: Account, lingers: bool) -> None:
    if lingers:
        account.system(LINGER)
    record: Dict[str, Any] = account.by_ssh("ensure")
    assert record["xauthority"].startswith("/run/user/" if lingers else "/tmp/")
    assert account.by_hub("ensure") == account.by_hub("find") == record
    assert account.by_hub("list_desktops") == [record]
    assert account.supervisors() == 1
    assert account.by_hub("stop") is True
    assert account.by_ssh("find") is None
    record = account.by_hub("ensure")
    assert account.by_ssh("running") == record
    assert account.by_ssh("stop") is True
    assert account.supervisors() == 0


def test_a_desktop_outlasts_the_logout_of_a_user_who_does_not_linger(account: Account) -> None:
    record = account.by_ssh("ensure")
    account.system(LOGOUT)
    assert account.by_hub("running") == record
    assert account.by_hub("stop") is True


def test_a_desktop_that_is_lost_to_a_logout_says_so_to_all_and_is_started_once(account: Account) -> None:
    account.system(LINGER)
    account.by_ssh("ensure")
    # A user who was told not to linger any more.
    account.system("rm /var/lib/systemd/linger/ada")
    account.system(LOGOUT)
    kind, sentence = _await_reason(account)
    assert kind == "DesktopLost"
    assert "was removed, as at a logout" in sentence
    record = account.by_hub("ensure")
    assert record["xauthority"].startswith("/tmp/")
    account.system(LOGIN)
    assert account.by_ssh("ensure") == record
    assert account.supervisors() == 1


def _await_reason(account: Account) -> Any:
    """Return what the hub's server is told, as soon as the desktop has ended."""
    while account.supervisors():
        pass
    return account.by_hub("running")


def test_a_desktop_of_an_earlier_place_is_found_where_it_is(account: Account) -> None:
    first = account.by_hub("ensure")
    account.system(LINGER)
    assert account.by_ssh("ensure") == first
    assert [each["name"] for each in account.by_ssh("list_desktops")] == ["main"]
    assert account.supervisors() == 1
