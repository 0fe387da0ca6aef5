"""Which kernels believe the address of the page that is in their environment."""

from __future__ import annotations

import os
from typing import Dict

import pytest

from casa_desktop.desktop import page_address

URL = "/user/ada/casa-desktop/"


def _inherited() -> Dict[str, str]:
    """Return what this process, as a Jupyter server, gives all that it starts."""
    environ: Dict[str, str] = {}
    page_address.give(environ, URL)
    return environ


def test_a_kernel_of_the_server_that_has_given_it_believes_it() -> None:
    assert page_address.given({**_inherited(), "JPY_PARENT_PID": str(os.getpid())}) == URL


@pytest.mark.parametrize("more", [{"JPY_PARENT_PID": str(os.getppid())}, {}], ids=["another server's", "no server's"])
def test_other_kernels_that_inherit_it_do_not(more: Dict[str, str]) -> None:
    assert page_address.given({**_inherited(), **more}) == ""


def test_an_address_that_was_set_by_hand_is_believed_and_none_is_none() -> None:
    assert page_address.given({"CASA_DESKTOP_URL": URL, "JPY_PARENT_PID": "7"}) == URL
    assert page_address.given({"JPY_PARENT_PID": "7"}) == ""


def test_what_takes_a_kernel_s_place_believes_what_that_would_and_what_it_starts_does_not() -> None:
    own = {**_inherited(), "JPY_PARENT_PID": str(os.getpid())}
    page_address.hand_on(own, "1")
    assert page_address.given({**own, "JPY_PARENT_PID": "1"}) == URL
    assert page_address.given({**own, "JPY_PARENT_PID": "2"}) == ""
    foreign = {**_inherited(), "JPY_PARENT_PID": "1"}
    page_address.hand_on(foreign, "1")
    assert page_address.given({**foreign, "JPY_PARENT_PID": "1"}) == ""
