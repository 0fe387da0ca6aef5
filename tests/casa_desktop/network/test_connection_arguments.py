"""The arguments about the connection, in the forms of a Jupyter server and of VS Code."""

from __future__ import annotations

from typing import Dict, List

import pytest

from casa_desktop.network import connection_arguments

# As VS Code appends them.
WORDS = [
    *("--ip=127.0.0.1", "--stdin=1", "--control=2", "--hb=3", "--shell=4", "--iopub=5"),
    *('--Session.signature_scheme="hmac-sha256"', '--Session.key=b"0c7a"', '--transport="tcp"', "--f=kernel-v2-1.json"),
]


@pytest.mark.parametrize(
    ("words", "file", "said"),
    [
        (["-f", "x.json"], "x.json", {}),
        (["--f=x.json", "--ip=127.0.0.1", "--shell=5"], "x.json", {"ip": "127.0.0.1", "shell_port": "5"}),
        (["--IPKernelApp.connection_file=x", "--IPKernelApp.hb_port=7"], "x", {"hb_port": "7"}),
        (['--transport="tcp"', "--debug"], None, {"transport": "tcp"}),
        ([], None, {}),
    ],
)
def test_the_words_of_a_connection_are_understood(words: List[str], file: object, said: Dict[str, str]) -> None:
    assert (connection_arguments.file(words), connection_arguments.said(words)) == (file, said)


def test_what_is_said_of_the_connection_behind_casa_s_options_is_none_of_casa_s() -> None:
    own, casa = connection_arguments.split(["-x", "--", "--nologfile", *WORDS, "--logfile=a", "b"])
    assert (len(own), casa) == (1 + 10, ["--nologfile", "--logfile=a", "b"])


def test_ports_are_told_by_ipykernel_s_names() -> None:
    assert connection_arguments.arguments({"hb_port": 5}) == ["--IPKernelApp.hb_port=5"]


def test_the_command_line_is_split_at_two_dashes() -> None:
    assert connection_arguments.split(["-f", "x.json", "--", "--nologfile", "--"]) == (
        ["-f", "x.json"],
        ["--nologfile", "--"],
    )
    assert connection_arguments.split(["-f", "x.json"]) == (["-f", "x.json"], [])
