from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest

from casa_desktop import names
from casa_desktop.errors import InvalidSetting
from casa_desktop.network import namespace

from ...support.ordinary_user import FORBIDDEN, UID, environment, python, said

LOOK = """
import json, os, socket, sys
from casa_desktop import errors
from casa_desktop.network import namespace as network
before = os.getpid(), os.getppid(), os.getpgid(0), os.getcwd()
try:
    {enter}
except errors.NetworkShared as error:
    print(json.dumps({{"error": str(error), "names": [name for _, name in socket.if_nameindex()]}}))
    sys.exit()
open(os.path.join(sys.argv[1], "mine"), "w").close()
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
print(json.dumps({{
    "same": before == (os.getpid(), os.getppid(), os.getpgid(0), os.getcwd()),
    "uid": os.getuid(), "gid": os.getgid(), "names": [name for _, name in socket.if_nameindex()],
    "rights": int(status["CapEff"], 16), "all": int(status["CapBnd"], 16), "map": open("/proc/self/uid_map").read(),
}}))
"""
ENTER = "network.enter()"
JOIN = "network._join_that_of_bubblewrap('')"


@pytest.fixture
def folder() -> Iterator[Path]:
    found = Path(tempfile.mkdtemp(prefix="cd-", dir="/tmp"))
    found.chmod(0o777)
    yield found
    shutil.rmtree(found)


def look(folder: Path, enter: str, *, user: bool, within: tuple[str, ...] = ()) -> Dict[str, Any]:
    words = [*within, python(), "-c", LOOK.format(enter=enter), str(folder)]
    found: Dict[str, Any] = json.loads(said(words, env=environment(), user=user))
    return found


def tried(*, within: tuple[str, ...] = (), **variables: str) -> str:
    """Return what this machine allows an ordinary user, as the module itself tells."""
    return said([*within, python(), "-m", "casa_desktop.network.namespace"], env=environment(**variables)).strip()


needs_namespaces = pytest.mark.skipif(tried() != '"own"', reason="this machine allows no network of its own")
needs_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="no bwrap on PATH")
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


@needs_namespaces
@pytest.mark.parametrize("enter", [ENTER, pytest.param(JOIN, marks=needs_bubblewrap)])
def test_a_user_stays_himself_in_a_network_of_his_own_and_gets_no_rights(folder: Path, enter: str) -> None:
    found = look(folder, enter, user=True)
    assert found["same"]
    assert (found["uid"], found["gid"]) == (UID, UID if os.getuid() == 0 else os.getgid())
    assert found["names"] == ["lo"]
    assert found["rights"] == 0
    assert (folder / "mine").stat().st_uid == UID


@needs_namespaces
@pytest.mark.parametrize("step", ["_join_own", pytest.param("_join_that_of_bubblewrap", marks=needs_bubblewrap)])
def test_names_may_be_asked_for_elsewhere_and_all_other_files_are_there(folder: Path, step: str) -> None:
    names = folder / "resolv-conf"
    names.write_text("nameserver 192.0.0.3\n")
    script = (
        f"import os; from casa_desktop.network import namespace; os.chdir('/usr'); namespace.{step}({str(names)!r}); "
        "print(os.getcwd(), open('/etc/resolv.conf').read(), os.path.exists('/proc/self/mounts'))"
    )
    assert said([python(), "-c", script], env=environment()) == "/usr nameserver 192.0.0.3\n True\n"


@needs_root
def test_root_stays_root_of_everything(folder: Path) -> None:
    found = look(folder, ENTER, user=False)
    assert found["same"]
    assert found["names"] == ["lo"]
    assert found["rights"] == found["all"]
    assert found["map"] == Path("/proc/self/uid_map").read_text()


@pytest.mark.parametrize("user", [True, pytest.param(False, marks=needs_root)])
def test_where_it_is_forbidden_the_process_is_as_before_and_told_what_to_do(folder: Path, user: bool) -> None:
    found = look(folder, ENTER, user=user, within=FORBIDDEN)
    assert "listen on ports of this machine without a password" in found["error"]
    assert "user.max_user_namespaces" in found["error"]
    assert len(found["names"]) > 1


@needs_namespaces
def test_the_module_tells_what_comes_of_it() -> None:
    assert tried(CASA_DESKTOP_NETWORK="host") == '"host"'
    assert tried(within=FORBIDDEN) == '"shared"'
    assert tried(within=("unshare", "--user", "--net")) == '"container"'


@pytest.mark.parametrize(("said", "expected"), [("", True), ("private", True), ("host", False)])
def test_a_network_of_its_own_is_wanted_unless_the_machine_s_is(said: str, expected: bool) -> None:
    assert namespace.wanted({names.NETWORK: said}) is expected


def test_another_word_is_told() -> None:
    with pytest.raises(InvalidSetting, match="'private' or 'host'"):
        namespace.wanted({names.NETWORK: "none"})


def test_a_container_that_shares_the_machine_s_network_is_not_private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace.socket, "if_nameindex", lambda: [(1, "lo"), (2, "cable0")])
    assert namespace.is_private({"container": "oci"})
    assert not namespace.is_private({"container": "oci", "APPTAINER_CONTAINER": "/data/casa.sif"})
    monkeypatch.setattr(namespace, "_is_device", lambda name: name == "cable0")
    assert not namespace.is_private({"container": "oci"})
    monkeypatch.setattr(namespace.socket, "if_nameindex", lambda: [(1, "lo")])
    assert namespace.is_private({})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nameserver 127.0.0.53\noptions edns0\n", True),
        ("nameserver ::1\nnameserver 127.0.0.1\n", True),
        ("nameserver 127.0.0.1\nnameserver 10.0.0.1\n", False),
        ("# nameserver 127.0.0.1\nsearch lan\n", False),
        ("nameserver\n", False),
    ],
)
def test_a_resolver_on_the_loopback_is_seen(text: str, expected: bool) -> None:
    assert namespace.asks_loopback(text) is expected


def test_the_rest_of_a_resolv_conf_is_kept() -> None:
    found = namespace.other_resolver("search lan\nnameserver 127.0.0.53\noptions edns0\n", "192.0.0.3")
    assert found == "nameserver 192.0.0.3\nsearch lan\noptions edns0\n"


def test_bubblewrap_sees_the_machine_as_it_is() -> None:
    words = namespace.bubblewrap_command("/usr/bin/bwrap")
    assert words[1:6] == ["--unshare-user", "--unshare-net", "--dev-bind", "/", "/"]
    assert "--ro-bind" not in words
    assert "/tmp/resolv-x" in namespace.bubblewrap_command("bwrap", "/tmp/resolv-x")
