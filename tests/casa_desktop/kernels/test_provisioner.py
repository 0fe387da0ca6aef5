"""Kernels in containers as Jupyter's server and nbclient start them: by a kernelspec alone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import nbformat
import psutil
import pytest
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from nbclient import NotebookClient
from tornado.httpclient import HTTPClientError

from casa_desktop.containers.container import Container, kernel_argv
from casa_desktop.kernels import preference
from casa_desktop.kernels.preference import NAME

from ...support.living import is_alive
from ...support.shortage import descriptors
from ..network.test_isolate import within

pytest_plugins = ["pytest_jupyter.jupyter_server"]


HERE = [sys.executable, "-m", "casa_kernel", "-f", "{connection_file}"]


def write_kernelspec(data: Path, container: Optional[Container] = Container("bwrap")) -> None:  # noqa: B008 (frozen)
    """Write the kernelspec ``sandbox`` below Jupyter's folder of data; without a container it is as the wheel's."""
    folder = data / "kernels" / "sandbox"
    folder.mkdir(parents=True)
    spec = {
        "argv": kernel_argv(sys.executable, container) if container else HERE,
        "display_name": "Sandbox",
        "language": "python",
        "interrupt_mode": "signal",
        "metadata": {"kernel_provisioner": {"provisioner_name": NAME}},
    }
    (folder / "kernel.json").write_text(json.dumps(spec))


class Channels:
    """A kernel's websocket on the server.

    Args:
        websocket: the connection.
    """

    def __init__(self, websocket: Any) -> None:
        self._websocket, self._count = websocket, 0
        self.printed = asyncio.Event()

    async def run(self, code: str) -> str:
        """Run code to its end, and return what it printed and the name of its error."""
        self._count += 1
        request = f"request-{self._count}"
        header = {"msg_id": request, "msg_type": "execute_request", "session": "s", "username": "", "version": "5.3"}
        content = {"code": code, "silent": False, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        await self._websocket.write_message(json.dumps(message))
        said: List[str] = []
        while True:
            words: Dict[str, Any] = json.loads(await self._websocket.read_message())
            if words["parent_header"].get("msg_id") != request or words["channel"] != "iopub":
                continue
            said.append(words["content"].get("text") or words["content"].get("ename") or "")
            if words["header"]["msg_type"] == "stream":
                self.printed.set()
            if words["content"].get("execution_state") == "idle":
                return "".join(said)


async def start_kernel(jp_fetch: Any, jp_ws_fetch: Any) -> Tuple[str, Any]:
    """Have the server start a kernel; return its id, and the websocket of its channels."""
    started = await jp_fetch("api", "kernels", method="POST", body='{"name": "sandbox"}')
    kernel = json.loads(started.body)["id"]
    return kernel, await jp_ws_fetch("api", "kernels", kernel, "channels")


@pytest.mark.parametrize("container", [Container("bwrap"), None], ids=["sandbox", "here"])
async def test_a_server_starts_restarts_interrupts_and_ends_it_and_its_websocket_stays(
    jp_fetch: Any, jp_ws_fetch: Any, jp_data_dir: Path, root: Path, container: Optional[Container]
) -> None:
    write_kernelspec(jp_data_dir, container)
    kernel, websocket = await start_kernel(jp_fetch, jp_ws_fetch)
    channels = Channels(websocket)
    assert await channels.run("x = 7; print(x)") == "7\n"
    assert len(list((root / ".kernels").iterdir())) == 1
    await jp_fetch("api", "kernels", kernel, "restart", method="POST", body="")
    assert await channels.run("print('x' in globals())") == "False\n"
    channels.printed.clear()
    endless = asyncio.ensure_future(channels.run("import time\nprint()\nwhile True: time.sleep(0.1)"))
    await channels.printed.wait()
    await jp_fetch("api", "kernels", kernel, "interrupt", method="POST", body="")
    assert await endless == "\nKeyboardInterrupt"
    again = await jp_ws_fetch("api", "kernels", kernel, "channels")
    if container:
        assert await Channels(again).run("print(open('/proc/net/dev').read().count(':'))") == "1\n"
    for each in (websocket, again):
        each.close()
    await jp_fetch("api", "kernels", kernel, method="DELETE")
    # A kernel's porter and guard end when they see that it has.
    assert within(5, lambda: not root.exists())


IPYTHON = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
ABOUT = {"casa_desktop": {"python": sys.executable}}


@pytest.mark.parametrize(
    ("argv", "metadata", "over_unix_sockets"),
    [
        (HERE, ABOUT, True),
        (kernel_argv(sys.executable, Container("bwrap")), {"casa_desktop": {"container": {"engine": "bwrap"}}}, True),
        (["/usr/bin/env", *HERE], ABOUT, False),
        (HERE, {}, False),
        (IPYTHON, {}, False),
        (IPYTHON, {"kernel_provisioner": {"provisioner_name": "local-provisioner"}}, False),
    ],
    ids=["here", "sandbox", "behind a command", "written by hand", "ipython", "named"],
)
async def test_kernels_that_kernel_install_wrote_have_unix_sockets_in_our_server_and_others_what_they_always_had(
    jp_fetch: Any,
    jp_ws_fetch: Any,
    jp_data_dir: Path,
    root: Path,
    argv: List[str],
    metadata: Dict[str, Any],
    over_unix_sockets: bool,
) -> None:
    write_kernelspec(jp_data_dir)
    file = jp_data_dir / "kernels" / "sandbox" / "kernel.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "argv": argv, "metadata": metadata}))
    kernel, websocket = await start_kernel(jp_fetch, jp_ws_fetch)
    channels = Channels(websocket)
    asked = "import ipykernel.connect as c, json; print(json.loads(c.get_connection_info())['transport'])"
    assert await channels.run(asked) == ("ipc\n" if over_unix_sockets else "tcp\n")
    channels.printed.clear()
    endless = asyncio.ensure_future(channels.run("import time\nprint()\nwhile True: time.sleep(0.1)"))
    await channels.printed.wait()
    await jp_fetch("api", "kernels", kernel, "interrupt", method="POST", body="")
    assert await endless == "\nKeyboardInterrupt"
    websocket.close()
    await jp_fetch("api", "kernels", kernel, method="DELETE")
    assert within(30, lambda: is_empty(root))


def is_empty(folder: Path) -> bool:
    """Tell whether nothing is in a folder, which may go away meanwhile."""
    try:
        return not os.listdir(folder)
    except FileNotFoundError:
        return True


async def test_a_kernel_of_others_whose_program_is_missing_fails_as_with_the_local_provisioner(
    jp_fetch: Any, jp_data_dir: Path, tmp_path: Path
) -> None:
    write_kernelspec(jp_data_dir)
    file = jp_data_dir / "kernels" / "sandbox" / "kernel.json"
    argv = [str(tmp_path / "gone"), "-f", "{connection_file}"]
    file.write_text(json.dumps({**json.loads(file.read_text()), "argv": argv, "metadata": {}}))
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("api", "kernels", method="POST", body='{"name": "sandbox"}')
    response = caught.value.response
    assert response is not None
    assert response.code == 500
    assert "The kernel 'sandbox' failed" not in response.body.decode()


@pytest.mark.parametrize(("chosen", "found"), [("", NAME), ("observatory", "observatory")])
def test_the_provisioner_becomes_the_default_where_nobody_has_chosen_another(
    chosen: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if chosen:
        monkeypatch.setenv("JUPYTER_DEFAULT_PROVISIONER_NAME", chosen)
    else:
        monkeypatch.delenv("JUPYTER_DEFAULT_PROVISIONER_NAME", raising=False)
    KernelProvisionerFactory.clear_instance()
    try:
        preference.prefer()
        assert KernelProvisionerFactory.instance().default_provisioner_name == found
    finally:
        KernelProvisionerFactory.clear_instance()


def test_without_its_entry_point_the_provisioner_is_not_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    KernelProvisionerFactory.clear_instance()
    try:
        factory = KernelProvisionerFactory.instance()
        others = {name: entry for name, entry in factory.provisioners.items() if name != NAME}
        monkeypatch.setattr(KernelProvisionerFactory, "provisioners", others)
        before = factory.default_provisioner_name
        preference.prefer()
        assert factory.default_provisioner_name == before != NAME
    finally:
        KernelProvisionerFactory.clear_instance()


# What native code may do in a cell: the child has all of the kernel's descriptors, and outlives it.
FORK = """
import ctypes, os
libc = ctypes.PyDLL(None)
daemon = libc.fork()
if daemon == 0:
    libc.sleep(1000)
    os._exit(0)
# The child may hang before it runs any Python: it waits for a thread that it does not have to take Python's lock.
os.setpgid(daemon, daemon)
print(os.getpid(), daemon)
"""


@pytest.mark.parametrize("how", ["killed", "restarted"])
async def test_a_restarted_kernel_answers_though_what_the_former_one_forked_lives_on(
    jp_fetch: Any, jp_ws_fetch: Any, jp_data_dir: Path, root: Path, how: str
) -> None:
    write_kernelspec(jp_data_dir, None)
    kernel, websocket = await start_kernel(jp_fetch, jp_ws_fetch)
    channels = Channels(websocket)
    former, daemon = map(int, (await channels.run(FORK)).split())
    with ended(daemon):
        if how == "killed":
            os.kill(former, signal.SIGKILL)
            while True:
                words = json.loads(await websocket.read_message())
                if words["content"].get("execution_state") == "restarting":
                    break
        else:
            await jp_fetch("api", "kernels", kernel, "restart", method="POST", body="")
        assert await asyncio.wait_for(_now(channels), 60) != former
        assert is_alive(psutil.Process(daemon))
        websocket.close()
        await jp_fetch("api", "kernels", kernel, method="DELETE")
    assert within(5, lambda: not root.exists())


async def _now(channels: Channels) -> int:
    """Return the process of a kernel that has just been restarted."""
    # What is sent while a kernel is being started anew is lost without a word.
    while True:
        with suppress(asyncio.TimeoutError):
            return int(await asyncio.wait_for(channels.run("import os; print(os.getpid())"), 3))


@contextmanager
def ended(pid: int) -> Iterator[None]:
    """End a process after a with block."""
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def test_a_container_that_does_not_start_is_told_in_the_servers_answer(
    jp_fetch: Any, jp_data_dir: Path, root: Path
) -> None:
    write_kernelspec(jp_data_dir, Container("bwrap", options=("--no-such-option",)))
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("api", "kernels", method="POST", body='{"name": "sandbox"}')
    response = caught.value.response
    assert response is not None
    assert "The container of bwrap did not start: " in json.loads(response.body)["message"]
    assert json.loads((await jp_fetch("api", "kernels")).body) == []
    assert not root.exists()


@pytest.mark.parametrize("container", [Container("bwrap"), None], ids=["sandbox", "here"])
async def test_a_kernel_whose_program_is_missing_is_told_in_the_servers_answer_and_leaves_no_descriptor(
    jp_fetch: Any, jp_data_dir: Path, root: Path, tmp_path: Path, container: Optional[Container]
) -> None:
    write_kernelspec(jp_data_dir, container)
    file = jp_data_dir / "kernels" / "sandbox" / "kernel.json"
    spec = json.loads(file.read_text())
    spec["argv"][0] = gone = str(tmp_path / "removed" / "bin" / "python")
    file.write_text(json.dumps(spec))
    counts = []
    for _ in range(3):
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch("api", "kernels", method="POST", body='{"name": "sandbox"}')
        response = caught.value.response
        assert response is not None
        assert f"The kernel 'sandbox' failed: {gone}: No such file" in json.loads(response.body)["message"]
        counts.append(descriptors(os.getpid()))
    deadline = time.monotonic() + 30
    while descriptors(os.getpid()) > counts[0] and time.monotonic() < deadline:
        # The server closes a client's socket in one of the turns of its loop that follow.
        await jp_fetch("api", "status")
    assert descriptors(os.getpid()) <= counts[0]


def test_nbclient_runs_a_notebook_in_it(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    write_kernelspec(tmp_path)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import os; print(os.getcwd())")])
    client = NotebookClient(notebook, kernel_name="sandbox", resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    assert notebook.cells[0].outputs[0].text == f"{tmp_path}\n"
    assert not root.exists()
