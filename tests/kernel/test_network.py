"""Who reaches what a CASA kernel and its tools open: nobody; and what it says where that cannot be had."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Set, Tuple

import pytest

from casa_desktop.desktop import lifecycle

from ..casa_desktop.network.test_isolate import path_with
from ..support.living import living, name_of, opened
from ..support.mask_editor import TITLE, MaskEditor
from ..support.notebook import Notebook
from ..support.ordinary_user import FORBIDDEN
from ..support.processes import marked
from ..support.screen import Screen
from .drawing.test_live import clean, interrupt

Find = Callable[[], Dict[str, str]]
Port = Tuple[str, int]
TABLES = ("tcp", "tcp6", "udp", "udp6")
# TCP that listens (LISTEN), UDP that is bound (CLOSE): linux/include/net/tcp_states.h
OPEN = {"tcp": "0A", "udp": "07"}
# Connects to ports, and prints those that answer.
KNOCK = """
import json, socket, sys
def answers(address, port):
    try:
        socket.create_connection((address, port), timeout=3).close()
    except OSError:
        return False
    return True
print(json.dumps([port for port in json.loads(sys.argv[2]) if answers(sys.argv[1], port)]))
"""
WARNING = "listen on ports of this machine without a password"


def open_ports(pid: int) -> Set[Port]:
    """Return what is open in the network of a process, by protocol and port."""
    found = set()
    for table in TABLES:
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == OPEN[table[:3]]:
                found.add((table[:3], int(words[1].rpartition(":")[2], 16)))
    return found


def sockets_of(pids: Set[int]) -> Set[str]:
    """Return the inodes of all sockets of some processes."""
    targets = (target for pid in pids for target in opened(pid) if target.startswith("socket:["))
    return {target[len("socket:[") : -1] for target in targets}


def ours_open_to_the_machine(pids: Set[int]) -> List[str]:
    """Return the lines of the machine's own tables of sockets that are open and some process's."""
    mine, found = sockets_of(pids), []
    for table in TABLES:
        lines = Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]
        found += [line for line in lines if line.split()[3] == OPEN[table[:3]] and line.split()[9] in mine]
    return found


# Of the module: a cable that is taken away is gone only a while later.
@pytest.fixture(scope="module")
def neighbour() -> Iterator[Tuple[str, List[str]]]:
    """Another network namespace, on a cable to this machine's: our address on it, and what runs a command there."""
    if os.getuid() != 0 or shutil.which("ip") is None:
        pytest.skip("to lay a cable to another network one must be root, and have iproute2")
    # Another run of the tests may have one, too, of the same process id where each has processes of its own.
    own, last = secrets.token_hex(4), secrets.randbelow(60) * 4
    name, ours, its = f"cd-{own}", f"cdo{own}", f"cdi{own}"
    here, there = f"203.0.113.{last + 1}", f"203.0.113.{last + 2}"
    with ExitStack() as after:
        _ip("netns", "add", name)
        after.callback(_ip, "netns", "del", name)
        _ip("link", "add", ours, "type", "veth", "peer", "name", its, "netns", name)
        _ip("addr", "add", f"{here}/30", "dev", ours)
        after.callback(_ip, "link", "del", ours)
        _ip("link", "set", ours, "up")
        inside = ["ip", "netns", "exec", name]
        for words in (["addr", "add", f"{there}/30", "dev", its], ["link", "set", its, "up"]):
            subprocess.run([*inside, "ip", *words], check=True)
        yield here, inside


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def knock(address: str, ports: Set[Port], within: List[str]) -> Set[int]:
    """Return the TCP ports that answer at an address."""
    numbers = sorted(port for protocol, port in ports if protocol == "tcp")
    words = [*within, sys.executable, "-c", KNOCK, address, json.dumps(numbers)]
    return set(json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout))


def test_nobody_reaches_a_port_of_a_kernel_that_has_everything_open(
    observation: Path, kernel_environment: Dict[str, str], record: Find, neighbour: Tuple[str, List[str]]
) -> None:
    if kernel_environment["CASA_DESKTOP_NETWORK"] == "host":
        pytest.skip("it is the machine's network that is to be tried")
    address, inside = neighbour
    before = open_ports(os.getpid())
    found: Dict[str, Any] = {}

    def scan(notebook: Notebook, editor: MaskEditor) -> None:
        pids = {each.pid for each in marked(kernel_environment["CASA_DESKTOP_RUNTIME_DIR"])} | {notebook.pid}
        own = open_ports(notebook.pid)
        found["names"] = {name_of(each) for pid in pids for each in living(pid)}
        found["own"], found["to the machine"] = own, ours_open_to_the_machine(pids)
        # Somebody else's port of the same number may have been there.
        theirs = own - before
        found["from afar"], found["from here"] = knock(address, theirs, inside), knock("127.0.0.1", theirs, [])
        interrupt(notebook, editor)

    with Notebook(observation, kernel_environment) as notebook:
        for cell in ("viewer('dirty.image')", "plotms('sim.ms')", "plotms('sim.ms', gui=True)", "casalogger(gui=True)"):
            assert notebook.run(cell).error is None
        clean(notebook, record, "scanned", scan)
    assert {"casaviewer", "casaplotms", "casalogger", "Xvnc"} <= {_short(each) for each in found["names"]}
    # The registry, two or three viewers, and two plotms.
    assert len([port for port in found["own"] if port[0] == "tcp"]) >= 5
    assert found["to the machine"] == []
    assert (found["from afar"], found["from here"]) == (set(), set())


def _short(name: str) -> str:
    return "Xvnc" if name.startswith("Xtigervnc") else name


def test_a_tool_that_the_desktop_s_menu_starts_listens_to_nobody(
    kernel_environment: Dict[str, str], runtime_directory: Path, record: Find, tmp_path: Path
) -> None:
    if kernel_environment["CASA_DESKTOP_NETWORK"] == "host":
        pytest.skip("it is the machine's network that is to be tried")
    assert runtime_directory
    # A viewer of the user's own keeps its preferences at home, where no other test is to find them.
    on_it = {**lifecycle.environment(lifecycle.ensure("main")), "HOME": str(tmp_path)}
    words = [sys.executable, "-m", "casa_kernel.tools", "run", "casaviewer"]
    with subprocess.Popen(words, env={**kernel_environment, **on_it}, start_new_session=True) as tool:
        try:
            with Screen(record()) as screen:
                screen.wait_for_window(TITLE)
            assert open_ports(tool.pid)
            assert ours_open_to_the_machine({tool.pid}) == []
        finally:
            os.killpg(tool.pid, signal.SIGKILL)


def test_the_scan_finds_the_ports_of_a_kernel_in_the_machine_s_network(
    observation: Path, kernel_environment: Dict[str, str], neighbour: Tuple[str, List[str]]
) -> None:
    address, inside = neighbour
    before = open_ports(os.getpid())
    with Notebook(observation, {**kernel_environment, "CASA_DESKTOP_NETWORK": "host"}) as notebook:
        assert notebook.run("viewer('dirty.image')").error is None
        assert knock(address, open_ports(os.getpid()) - before, inside)
        assert ours_open_to_the_machine({notebook.pid})


def test_where_it_is_forbidden_the_kernel_warns_once_and_works(
    observation: Path, kernel_environment: Dict[str, str]
) -> None:
    # Neither may bubblewrap make one.
    private = {**kernel_environment, "CASA_DESKTOP_NETWORK": ""}
    with Notebook(observation, private, within=FORBIDDEN) as notebook:
        assert notebook.run("1").text.count(WARNING) == 1
        assert "image/png" in notebook.run("viewer('dirty.image')").displayed[-1]
        assert WARNING not in notebook.run("1").text


def test_without_bubblewrap_and_without_a_way_out_the_kernel_works_and_says_so_once(
    observation: Path, kernel_environment: Dict[str, str], tmp_path: Path
) -> None:
    python = Path(sys.executable).name
    path = path_with(tmp_path, "sh", "rm", "env", python)
    with Notebook(observation, {**kernel_environment, "CASA_DESKTOP_NETWORK": "", "PATH": path}) as notebook:
        said = notebook.run("1").text
        assert ("no way out of it" in said) != (WARNING in said)
        assert "image/png" in notebook.run("viewer('dirty.image')").displayed[-1]
        assert notebook.run("1").text == ""


@pytest.mark.parametrize("network", ["", "host"])
def test_a_jupyter_without_the_provisioner_has_the_kernel_too(
    observation: Path, kernel_environment: Dict[str, str], network: str
) -> None:
    own = {**kernel_environment, "CASA_DESKTOP_NETWORK": network}
    with Notebook(observation, own, provisioned=False) as notebook:
        assert notebook.manager.transport == "tcp"
        names = notebook.run("import socket; print([name for _, name in socket.if_nameindex()])").text
        assert notebook.run("print(imstat('dirty.image')['max'][0] > 0)").text == "True\n"
        notebook.manager.restart_kernel()
        notebook.client.wait_for_ready(timeout=60)
        assert notebook.run("print(1 + 1)").text == "2\n"
    machine = {name for _, name in socket.if_nameindex()}
    assert (set(eval(names)) == machine) is (network == "host")
