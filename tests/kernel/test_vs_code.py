"""Kernels as VS Code starts and ends them: it knows no provisioner, and has ports of its own choice.

https://github.com/microsoft/vscode-jupyter (``kernelProcess.node.ts``): today it writes a connection file and gives its
path; earlier versions gave everything in the command line, behind CASA's options, and wrote no file. It interrupts by
SIGINT, and ends a kernel by SIGTERM for each process below it, and then for itself.
"""

from __future__ import annotations

import ast
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Dict, List

import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from casa_desktop.containers.container import Container, kernel_argv
from casa_desktop.system.pythonpath import module

from ..support.living import below
from ..support.ports import free_ports
from ..support.processes import ended, with_guards

PORTS = ("stdin", "control", "hb", "shell", "iopub")
OPTIONS = ["--nologfile"]
HERE = [sys.executable, *module("casa_kernel"), "-f", "{connection_file}", "--", *OPTIONS]
SANDBOX = kernel_argv(sys.executable, Container("bwrap"), OPTIONS)
ASKED = "(listobs('sim.ms')['nfields'], casalog.logfile(), [name for _, name in socket.if_nameindex()])"
WAITING = "import time\nprint('begun')\nfor _ in range(600): time.sleep(0.1)"
Start = Callable[[List[str], Path, Dict[str, Any]], List[str]]
_NUMBERS = itertools.count()


def started_by_file(argv: List[str], file: Path, connection: Dict[str, Any]) -> List[str]:
    """Return the words of a kernel whose connection file is written."""
    file.write_text(json.dumps(connection))
    return [word.replace("{connection_file}", str(file)) for word in argv]


def started_by_words(argv: List[str], file: Path, connection: Dict[str, Any]) -> List[str]:
    """Return the words of a kernel that is told everything, and the path of a file that is not there."""
    place = argv.index("{connection_file}")
    ports = [f"--{name}={connection[f'{name}_port']}" for name in PORTS]
    own = ['--Session.signature_scheme="hmac-sha256"', f'--Session.key=b"{connection["key"]}"', '--transport="tcp"']
    return [*argv[: place - 1], *argv[place + 1 :], "--ip=127.0.0.1", *ports, *own, f"--f={file}"]


@pytest.mark.parametrize(
    ("argv", "by"),
    [(HERE, started_by_file), (HERE, started_by_words), (SANDBOX, started_by_file), (SANDBOX, started_by_words)],
    ids=["here", "here, by words", "sandbox", "sandbox, by words"],
)
def test_a_kernel_that_vs_code_starts_works_in_a_network_of_its_own_and_ends_with_all_of_it(
    observation: Path,
    kernel_environment: Dict[str, str],
    place: Path,
    tmp_path: Path,
    argv: List[str],
    by: Start,
) -> None:
    own = {**kernel_environment, "CASA_DESKTOP_RUNTIME_DIR": str(place / f"code{next(_NUMBERS)}")}
    connection: Dict[str, Any] = {
        **{f"{name}_port": port for name, port in zip(PORTS, free_ports(len(PORTS)))},
        "ip": "127.0.0.1",
        "transport": "tcp",
        "key": "0c7a",
        "signature_scheme": "hmac-sha256",
    }
    words = by(argv, tmp_path / "kernel-v2-1.json", connection)
    with subprocess.Popen(words, cwd=observation, env=own) as kernel:
        client = BlockingKernelClient()
        try:
            client.load_connection_info(dict(connection))
            # While CASA is being imported no heart beats.
            client.start_channels(hb=False)
            answer = client.execute("import socket", user_expressions={"found": ASKED}, reply=True, timeout=60)
            interrupted = client.execute_interactive(
                WAITING, timeout=60, output_hook=lambda message: interrupt(kernel, message)
            )
            processes = with_guards(own)
            for process in [*below(kernel.pid), psutil.Process(kernel.pid)]:
                with suppress(psutil.NoSuchProcess):
                    process.terminate()
            kernel.wait(30)
        finally:
            client.stop_channels()
            kernel.kill()
    fields, logfile, names = ast.literal_eval(answer["content"]["user_expressions"]["found"]["data"]["text/plain"])
    assert (fields, logfile) == (1, "/dev/null")
    machine = [name for _, name in socket.if_nameindex()]
    assert (names == machine) is (argv is HERE and kernel_environment["CASA_DESKTOP_NETWORK"] == "host")
    assert interrupted["content"]["ename"] == "KeyboardInterrupt"
    assert ended(processes)
    assert not [each for each in Path(own["CASA_DESKTOP_RUNTIME_DIR"]).rglob("*") if not each.is_dir()]


def interrupt(kernel: subprocess.Popen[bytes], message: Dict[str, Any]) -> None:
    """Interrupt the kernel when the cell has printed something."""
    if "begun" in message["content"].get("text", ""):
        os.kill(kernel.pid, signal.SIGINT)
