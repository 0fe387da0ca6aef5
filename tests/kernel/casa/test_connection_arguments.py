"""Kernels whose command line says what a connection file usually does."""

from __future__ import annotations

import ast
import socket
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest
from casa_kernel.casa import connection_arguments, options
from jupyter_client.blocking.client import BlockingKernelClient

from casa_desktop.system.pythonpath import module

from ...support.ports import free_ports

PORTS = ("stdin", "control", "hb", "shell", "iopub")


def words_of_vs_code(file: Path) -> List[str]:
    """Return what VS Code puts in the place of ``-f {connection_file}``, at the end of a kernelspec's words."""
    ports = [f"--{name}={each}" for name, each in zip(PORTS, free_ports(len(PORTS)))]
    own = ['--Session.signature_scheme="hmac-sha256"', '--Session.key=b"0c7a"', '--transport="tcp"']
    return ["--ip=127.0.0.1", *ports, *own, f"--f={file}"]


def test_a_kernel_that_vs_code_starts_works_in_a_network_of_its_own(
    observation: Path, kernel_environment: Dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "kernel-v2-1.json"
    words = [sys.executable, *module("casa_kernel"), "--", "--nologfile", *words_of_vs_code(file)]
    with subprocess.Popen(words, cwd=observation, env=kernel_environment) as kernel:
        client = BlockingKernelClient()
        try:
            # As VS Code reads it, from its own words.
            client.load_connection_info(
                {
                    **{f"{name}_port": int(value) for name, value in _given(words).items() if name in PORTS},
                    "ip": "127.0.0.1",
                    "transport": "tcp",
                    "key": b"0c7a",
                    "signature_scheme": "hmac-sha256",
                }
            )
            # While CASA is being imported no heart beats.
            client.start_channels(hb=False)
            asked = "(listobs('sim.ms')['nfields'], casalog.logfile(), [name for _, name in socket.if_nameindex()])"
            answer = client.execute("import socket", user_expressions={"found": asked}, reply=True, timeout=60)
            client.shutdown()
            kernel.wait(30)
        finally:
            client.stop_channels()
            kernel.kill()
    fields, logfile, names = ast.literal_eval(answer["content"]["user_expressions"]["found"]["data"]["text/plain"])
    assert (fields, logfile) == (1, "/dev/null")
    machine = [name for _, name in socket.if_nameindex()]
    assert (names == machine) is (kernel_environment["CASA_DESKTOP_NETWORK"] == "host")


def _given(words: List[str]) -> Dict[str, str]:
    return dict(each[2:].split("=", 1) for each in words if each.startswith("--") and "=" in each)


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


def test_what_is_said_of_the_connection_behind_casa_s_options_is_none_of_casa_s(tmp_path: Path) -> None:
    own, casa = options.split(["-x", "--", "--nologfile", *words_of_vs_code(tmp_path), "--logfile=a", "b"])
    assert (len(own), casa) == (1 + 10, ["--nologfile", "--logfile=a", "b"])


def test_ports_are_told_by_ipykernel_s_names() -> None:
    assert connection_arguments.arguments({"hb_port": 5}) == ["--IPKernelApp.hb_port=5"]
