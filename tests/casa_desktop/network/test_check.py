from __future__ import annotations

import os

import pytest

from casa_desktop import names
from casa_desktop.network import check
from casa_desktop.network.namespace import State


@pytest.mark.parametrize(
    ("state", "way_out", "mark", "words", "remedy"),
    [
        (State.OWN, "/usr/bin/pasta", "ok", "nobody reaches CASA's ports; out by /usr/bin/pasta", ""),
        (State.OWN, None, "note", "without a way out", "apt install passt"),
        (State.CONTAINER, None, "ok", "this container's", ""),
        (State.HOST, "/usr/bin/pasta", "note", "CASA's ports are open", "unset CASA_DESKTOP_NETWORK"),
        (State.SHARED, "/usr/bin/pasta", "note", "open to all that reach it", "user.max_user_namespaces"),
    ],
)
def test_each_network_is_told_with_its_remedy(
    state: State, way_out: str | None, mark: str, words: str, remedy: str
) -> None:
    found = check.finding(state, way_out)
    assert found.state == mark
    assert words in found.found
    assert (remedy in found.remedy) if remedy else not found.remedy


def test_it_is_tried_in_another_process() -> None:
    before = os.readlink("/proc/self/ns/net")
    assert check.examine({**os.environ, names.NETWORK: "host"}).state == "note"
    assert check.examine(os.environ).found
    assert os.readlink("/proc/self/ns/net") == before


def test_a_wrong_setting_and_a_notebook_s_own_network_are_told() -> None:
    assert "'private' or 'host'" in check.examine({**os.environ, names.NETWORK: "x"}).found
    assert check.examine({names.HOST_HELPER: "/p"}).state == "ok"


def test_a_choice_that_is_none_is_told_in_its_own_words() -> None:
    found = check.examine({**os.environ, names.NETWORK: "lan"})
    assert (found.state, found.remedy) == ("missing", "unset CASA_DESKTOP_NETWORK")
    assert found.found == "CASA_DESKTOP_NETWORK is 'lan', but should be 'private' or 'host'."


@pytest.mark.parametrize(
    ("proxy", "network_wanted", "told"),
    [
        ("http://127.0.0.1:3128", "", True),
        ("localhost:3128", "", True),
        ("http://[::1]:3128", "", True),
        ("http://proxy.example:3128", "", False),
        ("http://[", "", False),
        ("http://127.0.0.1:3128", "host", False),
    ],
)
def test_a_proxy_that_kernels_do_not_reach_is_told(proxy: str, network_wanted: str, told: bool) -> None:
    found = list(check.proxies({"https_proxy": proxy, names.NETWORK: network_wanted, "HOME": "/"}))
    assert [each.state for each in found] == ["note"] * told
    assert all(f"{names.NETWORK}=host" in each.remedy for each in found)
