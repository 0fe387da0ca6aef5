"""A kernel that VS Code starts: its command line says what a connection file usually does."""

from __future__ import annotations

import ast
import socket
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

from jupyter_client.blocking.client import BlockingKernelClient

from casa_desktop.system.pythonpath import module

from ..support.ports import free_ports

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
