"""A process that lives as a kernel does, its porter, and its way out. Real ones, of an ordinary user and of root."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import psutil
import pytest

from casa_desktop.network import isolate, uplink, x_numbers
from casa_desktop.network.isolate import Quarters
from casa_desktop.runtime.x_files import answers, socket_of

from ...support.living import below, command, name_of
from ...support.ordinary_user import FORBIDDEN, UID, environment, python, said, start
from ...support.ports import free_ports
from ...support.shortage import few_descriptors, little_memory
from .test_namespace import needs_namespaces, needs_root

# Says what came of the move, and then does what it is told, line by line.
KERNEL = """
import json, os, socket, sys
from casa_desktop.desktop import lifecycle
from casa_desktop.system import messages
from casa_desktop.network import isolate
home = isolate.move_in(sys.argv[1], os.environ)
home.receive_at(__import__("pathlib").Path(sys.argv[2]), os.environ)
print(json.dumps({"notice": home.notice, "names": [name for _, name in socket.if_nameindex()]}), flush=True)
for line in sys.stdin:
    try:
        said = eval(line)
    except Exception as error:
        said = repr(error)
    print(json.dumps(said), flush=True)
"""
USERS = [pytest.param(True, id="user", marks=needs_namespaces), pytest.param(False, id="root", marks=needs_root)]
needs_network = needs_namespaces if os.getuid() else needs_root
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")


class Kernel:
    """Such a process.

    Args:
        folder: its private one.
        connection: what its Jupyter has chosen.
        user: it is an ordinary user's.
        within: a command that becomes it.
        more: more variables.
    """

    def __init__(
        self, folder: Path, connection: Dict[str, Any], *, user: bool, within: tuple[str, ...] = (), **more: str
    ) -> None:
        file = folder / "connection.json"
        file.write_text(json.dumps(connection))
        env = environment(CASA_DESKTOP_RUNTIME_DIR=str(folder / "run"), **more)
        self.process = start([*within, python(), "-c", KERNEL, str(file), str(folder)], env=env, user=user)
        found = self._read()
        self.notice: str = found["notice"]
        self.names: List[str] = found["names"]

    def _read(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def do(self, expression: str) -> Any:
        """Have it evaluate Python; return what JSON can hold of it."""
        assert self.process.stdin is not None
        self.process.stdin.write(expression + "\n")
        self.process.stdin.flush()
        return self._read()

    def standby(self) -> psutil.Process:
        """What starts its porter."""
        found = below(self.process.pid, recursive=False)
        return next(each for each in found if "casa_desktop.launchers.host_helper" in command(each))

    def porter(self, other_than: Optional[psutil.Process] = None) -> psutil.Process:
        """Its porter, once it is there."""
        found = within(30, lambda: [each for each in below(self.standby().pid, recursive=False) if each != other_than])
        assert found
        return found[0]

    def way_out(self, other_than: Optional[psutil.Process] = None) -> psutil.Process:
        """What carries what goes out, once it is there."""

        def find() -> Optional[psutil.Process]:
            # Between fork and exec it is a copy of the porter.
            # And pasta, having looked at the processor, may become passt.avx2.
            for each in below(self.porter().pid, recursive=False):
                if name_of(each).startswith(("pas", "slirp4netns")) and each != other_than:
                    return each
            return None

        found = within(30, find)
        assert isinstance(found, psutil.Process)
        return found

    def close(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.communicate()


def within(seconds: float, look: Callable[[], Any]) -> Any:
    """Look until there is something, for so many seconds at most; return it."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    found = Path(tempfile.mkdtemp(prefix="cd-", dir="/tmp"))
    yield found
    shutil.rmtree(found)


@pytest.fixture
def kernel(folder: Path) -> Iterator[Callable[..., Kernel]]:
    """Starts kernels, which end with the test."""
    started: List[Kernel] = []

    def begin(connection: Optional[Dict[str, Any]] = None, *, user: bool = True, **options: Any) -> Kernel:
        if user and os.getuid() == 0:
            os.chown(folder, UID, UID)
        started.append(Kernel(folder, tcp() if connection is None else connection, user=user, **options))
        return started[-1]

    yield begin
    for each in started:
        each.close()


def tcp() -> Dict[str, Any]:
    """Return what a Jupyter chooses that does not know the provisioner."""
    return {"transport": "tcp", "ip": "127.0.0.1", **dict(zip(PORTS, free_ports(len(PORTS))))}


def own_address() -> str:
    """Return this machine's address by which others reach it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            any_socket.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no network")
        return str(any_socket.getsockname()[0])


def path_with(folder: Path, *programs: str) -> str:
    """Return a PATH on which there are these programs alone."""
    found = folder / "bin"
    found.mkdir(exist_ok=True)
    for each in programs:
        (found / each).symlink_to(str(shutil.which(each)))
    return str(found)


@pytest.mark.parametrize("user", USERS)
def test_jupyter_reaches_it_on_the_loopback_and_nobody_what_it_opens_itself(
    kernel: Callable[..., Kernel], user: bool
) -> None:
    connection = tcp()
    one = kernel(connection, user=user)
    assert one.names == ["lo"]
    for name in PORTS:
        socket.create_connection(("127.0.0.1", connection[name]), timeout=30).close()
    port = one.do("[server := socket.create_server(('', 0)), server.getsockname()[1]][1]")
    assert one.do(f"socket.create_connection(('127.0.0.1', {port})).getpeername()[1]") == port
    for address in ("127.0.0.1", own_address()):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, port), timeout=30)


@pytest.mark.parametrize("program", ["pasta", "slirp4netns"])
@pytest.mark.parametrize("user", USERS)
def test_it_reaches_the_machine_s_address_but_not_its_loopback(
    kernel: Callable[..., Kernel], folder: Path, user: bool, program: str
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"no {program} on PATH")
    one = kernel(user=user, PATH=path_with(folder, program))
    if user and os.stat(uplink.TUN).st_mode & 0o006 != 0o006:
        # On such a machine it has no way out, and says why.
        assert f"{uplink.TUN} cannot be opened" in one.notice
        return
    assert one.notice == ""
    assert name_of(one.way_out()).startswith(program[:3])
    with socket.create_server((own_address(), 0)) as server, socket.create_server(("127.0.0.1", 0)) as inner:
        address, port = server.getsockname()
        server.settimeout(30)
        attempt = f"socket.create_connection(('{address}', {port}), 2).getpeername()[1]"
        assert within(30, lambda: one.do(attempt) == port)
        server.accept()[0].close()
        for gateway in ("127.0.0.1", "192.0.0.1", "10.0.2.2"):
            assert isinstance(one.do(f"socket.create_connection(('{gateway}', {inner.getsockname()[1]}), 1)"), str)


@pytest.fixture
def resolver() -> Iterator[str]:
    """A resolver of names on a loopback address that says 198.51.100.7 to everything; that address."""
    address = "127.0.0.53"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        try:
            server.bind((address, 53))
        except OSError as error:
            pytest.skip(f"no resolver can be had on {address}: {error.strerror}")
        answering = threading.Thread(target=_resolve, args=(server,))
        answering.start()
        yield address
        # Nothing is the last question.
        server.sendto(b"", server.getsockname())
        answering.join()


def _resolve(server: socket.socket) -> None:
    """Answer questions for IPv4 addresses: RFC 1035, section 4."""
    message, asker = server.recvfrom(512)
    while message:
        end = message.index(b"\0", 12) + 5
        is_for_ipv4 = message[end - 4 : end - 2] == b"\0\1"
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([198, 51, 100, 7]) if is_for_ipv4 else b""
        counts = b"\0\1\0\1" if answer else b"\0\1\0\0"
        server.sendto(message[:2] + b"\x81\x80" + counts + bytes(4) + message[12:end] + answer, asker)
        message, asker = server.recvfrom(512)


@needs_root
@pytest.mark.parametrize("program", ["pasta", "slirp4netns"])
def test_a_resolver_on_the_machine_s_loopback_is_asked(
    kernel: Callable[..., Kernel], folder: Path, resolver: str, program: str
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"no {program} on PATH")
    (folder / "resolv.conf").write_text(f"nameserver {resolver}\noptions attempts:1 timeout:1\n")
    mounted = f'mount --bind {folder}/resolv.conf /etc/resolv.conf && exec "$@"'
    path = path_with(folder, program, "sh", "mount", "unshare")
    one = kernel(user=False, within=("unshare", "--mount", "sh", "-c", mounted, "sh"), PATH=path)
    one.way_out()
    assert within(30, lambda: one.do("socket.gethostbyname('casa.test')") == "198.51.100.7")


@needs_network
def test_the_way_out_comes_back_and_ends_with_the_porter(kernel: Callable[..., Kernel]) -> None:
    if shutil.which("pasta") is None:
        pytest.skip("no pasta on PATH")
    one = kernel(user=os.getuid() != 0)
    first = one.way_out()
    first.kill()
    second = one.way_out(other_than=first)
    one.standby().kill()
    one.process.kill()
    assert psutil.wait_procs([second], timeout=30)[1] == []


@needs_namespaces
def test_another_porter_comes_for_one_that_was_killed(kernel: Callable[..., Kernel]) -> None:
    one = kernel()
    first = one.porter()
    former = None if one.notice else one.way_out()
    first.kill()
    one.porter(other_than=first)
    assert isinstance(one.do("lifecycle.ensure('main').supervisor_pid"), int)
    assert one.do("lifecycle.stop('main')") is True
    if former is not None:
        assert one.way_out(other_than=former).is_running()
    # And without what starts it, the last one goes on.
    one.standby().kill()
    assert isinstance(one.do("lifecycle.ensure('main').supervisor_pid"), int)
    assert one.do("lifecycle.stop('main')") is True


@pytest.mark.parametrize("user", USERS)
def test_a_killed_kernel_leaves_nothing(kernel: Callable[..., Kernel], folder: Path, user: bool) -> None:
    berth = folder / "run" / ".kernels" / "0123abcd"
    one = kernel({"transport": "ipc", "ip": str(berth / "k"), **dict.fromkeys(PORTS, 1)}, user=user)
    assert one.names == ["lo"]
    assert berth.is_dir()
    # What a cell has forked holds nothing that would keep the rest.
    forked = one.do("(lambda pid: pid if pid else __import__('time').sleep(60))(os.fork())")
    others = [one.porter(), *([one.way_out()] if not one.notice else [])]
    one.process.kill()
    assert psutil.wait_procs(others, timeout=30)[1] == []
    assert within(5, lambda: not (folder / "run").exists())
    os.kill(forked, 9)


@needs_namespaces
def test_a_desktop_that_it_starts_is_in_the_machine_s_network(kernel: Callable[..., Kernel], folder: Path) -> None:
    one = kernel()
    assert one.do("os.environ['CASA_DESKTOP_PORTER']") == str(folder / "porter.sock")
    pid = one.do("lifecycle.ensure('main').supervisor_pid")
    assert isinstance(pid, int), pid
    assert os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net")
    assert os.readlink(f"/proc/{pid}/ns/user") == os.readlink("/proc/self/ns/user")
    assert one.do("lifecycle.stop('main')") is True
    assert "use 1 to 32 letters" in one.do("lifecycle.ensure('.')")


@needs_namespaces
def test_an_x_server_that_it_starts_leaves_the_desktops_their_numbers(kernel: Callable[..., Kernel]) -> None:
    one = kernel()
    place = socket_of(int(one.do("lifecycle.ensure('main').display")[1:]))
    made = place.stat().st_ino
    start = "server := __import__('subprocess').Popen(['Xvnc', '-displayfd', '1'], stdout=-1, stderr=-3)"
    number = one.do(f"[{start}, int(server.stdout.readline()), server.terminate(), server.wait()][1]")
    assert number >= x_numbers.NUMBERS
    assert place.stat().st_ino == made
    assert answers(place)
    assert one.do("lifecycle.stop('main')") is True


@needs_network
@pytest.mark.parametrize("shortage", ["descriptors", "memory"])
def test_a_porter_without_descriptors_or_memory_says_so_and_goes_on(
    kernel: Callable[..., Kernel], shortage: str
) -> None:
    # Only one's own processes can be limited.
    one = kernel(user=os.getuid() != 0)
    porter = one.porter()
    # It has begun when it answers.
    one.do("messages.ask(os.environ['CASA_DESKTOP_PORTER'], messages.Word('dance'), 30)")
    lacking = few_descriptors(porter.pid, 0) if shortage == "descriptors" else little_memory(porter, 0)
    with lacking:
        for _ in range(3):
            answer = one.do("lifecycle.ensure('main', timeout=5).name")
            # What little memory is free may do for one, or not even for a sentence.
            assert answer.startswith("Shortage(") or shortage == "memory", answer
    assert isinstance(one.do("lifecycle.ensure('main').supervisor_pid"), int)
    assert one.do("lifecycle.stop('main')") is True
    assert one.porter() == porter


def test_without_a_program_for_it_the_user_is_told_that_there_is_no_way_out(
    kernel: Callable[..., Kernel], folder: Path
) -> None:
    if any((Path(each) / name).exists() for each in ("/usr/sbin", "/sbin") for name in ("pasta", "slirp4netns")):
        # On a system where /usr/bin is linked to these.
        pytest.skip("there is always one here")
    one = kernel(user=False, PATH=path_with(folder))
    if one.names == ["lo"]:
        assert "no way out of it" in one.notice
        assert "apt install passt" in one.notice


@pytest.mark.parametrize("user", [True, pytest.param(False, marks=needs_root)])
def test_where_it_is_forbidden_it_stays_and_is_told(kernel: Callable[..., Kernel], user: bool) -> None:
    connection = tcp()
    one = kernel(connection, user=user, within=FORBIDDEN)
    assert "listen on ports of this machine without a password" in one.notice
    assert len(one.names) > 1
    # ZMQ will listen by itself.
    one.do(f"socket.create_server(('127.0.0.1', {connection['shell_port']})).close()")


def test_the_machine_s_network_is_taken_without_a_word_where_it_is_wanted(kernel: Callable[..., Kernel]) -> None:
    one = kernel(user=False, CASA_DESKTOP_NETWORK="host")
    assert (one.notice, len(one.names) > 1) == ("", True)
    assert below(one.process.pid) == []


def test_a_wrong_word_for_it_is_told(kernel: Callable[..., Kernel]) -> None:
    assert "'private' or 'host'" in kernel(user=False, CASA_DESKTOP_NETWORK="x").notice


@needs_root
def test_a_kernel_that_was_given_no_ports_chooses_them_and_is_reached_there(kernel: Callable[..., Kernel]) -> None:
    given = tcp()
    one = kernel({"hb_port": given["hb_port"]}, user=False)
    assert (one.notice, one.names) in [("", ["lo"]), (isolate._SHUT_IN, ["lo"])]
    chosen = one.do("home.chosen")
    assert sorted(chosen) == sorted(set(PORTS) - {"hb_port"})
    for port in (given["hb_port"], *chosen.values()):
        socket.create_connection(("127.0.0.1", port), timeout=10).close()


@needs_namespaces
def test_a_tool_of_the_menu_is_secluded_unless_the_machine_s_network_is_wanted() -> None:
    script = "import os, socket; from casa_desktop.network import isolate; isolate.seclude(os.environ); "
    script += "print(socket.if_nameindex())"
    for variables, secluded in (({}, True), ({"CASA_DESKTOP_NETWORK": "host"}, False)):
        found = said([python(), "-c", script], env=environment(**variables))
        assert (found == "[(1, 'lo')]\n") is secluded


def test_a_kernel_of_a_container_leaves_the_berth_to_its_launcher() -> None:
    quarter = isolate.move_in(None, {"CASA_DESKTOP_NETWORK": "host", "CASA_DESKTOP_OUTSIDE": "/r/outside.sock"})
    assert isinstance(quarter, Quarters)
    assert (quarter.notice, quarter.sockets) == ("", {})
