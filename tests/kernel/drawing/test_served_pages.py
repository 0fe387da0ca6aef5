"""A kernel whose Jupyter cannot show desktops: it has their pages served itself, and says where."""

from __future__ import annotations

import os
import re
import signal
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Tuple

import psutil
import pytest
from casa_kernel.drawing.served_pages import links
from casa_kernel.front import notice

from casa_desktop.containers.container import Container
from casa_desktop.desktop import lifecycle, registry
from casa_desktop.desktop.page_process import Address
from casa_desktop.system.process import namespace

from ...support.living import below, with_word
from ...support.notebook import Cell, Notebook
from ...support.ranks import WITH_MPI, program

LINK = re.compile(r"http://127\.0\.0\.1:([0-9]+)(/casa-desktop/\?token=[\w-]+)")
SERVER = "casa_desktop.web.kernel_page"


@pytest.fixture(scope="module", params=["", "host"], ids=["a network of its own", "the machine's network"])
def kernel_environment(environment: Dict[str, str], request: pytest.FixtureRequest) -> Dict[str, str]:
    """Nothing tells the kernel of a server that shows desktops."""
    found = {name: value for name, value in environment.items() if name != "CASA_DESKTOP_URL"}
    return {**found, "CASA_DESKTOP_NETWORK": request.param}


@pytest.fixture(autouse=True)
def _desktops(runtime_directory: Path) -> Iterator[None]:
    """Desktops end with the test."""
    yield
    for record in registry.list_desktops():
        lifecycle.stop(record.name)


def link_in(cell: Cell) -> Tuple[int, str]:
    """Return the port and the path of the link that a cell shows."""
    [found] = [data for data in cell.displayed if "casa-desktop-notice" in data.get("text/html", "")]
    port, path = LINK.findall(found["text/plain"])[0]
    assert f'href="http://127.0.0.1:{port}{path}"' in found["text/html"]
    return int(port), path


def answer(port: int, path: str, **headers: str) -> Tuple[int, Mapping[str, str]]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status, response.headers
    finally:
        connection.close()


def server_of(port: int) -> psutil.Process:
    [found] = [each for each in with_word(psutil.process_iter(), SERVER) if listens(each, port)]
    return found


def listens(process: psutil.Process, port: int) -> bool:
    return any(each.laddr.port == port for each in process.net_connections("tcp4") if each.status == "LISTEN")


def test_a_live_window_s_cell_has_the_link_and_the_tunnel_and_the_next_link_follows(notebook: Notebook) -> None:
    cell = notebook.run("viewer('dirty.image', gui=True)")
    assert cell.error is None
    port, path = link_in(cell)
    [said] = [data["text/plain"] for data in cell.displayed if "casa-desktop-notice" in data.get("text/html", "")]
    assert said.startswith("viewer is on the CASA Desktop.")
    # There is no tab to bring to the front.
    assert not cell.of("comm_open")
    assert f"ssh -L {port}:127.0.0.1:{port} " in said
    # Not used yet, so that it is still the same.
    assert link_in(notebook.run("%casa_desktop")) == (port, path)
    status, headers = answer(port, path)
    assert status == 200
    cookie = headers["Set-Cookie"].partition(";")[0]
    assert answer(port, "/casa-desktop/api/desktops/main", Cookie=cookie)[0] == 200
    assert answer(port, "/casa-desktop/api/desktops/main")[0] == 403
    after = link_in(notebook.run("%casa_desktop"))
    assert after[0] == port
    assert after[1] != path
    assert answer(*after)[0] == 200


def test_each_desktop_has_a_page_and_none_is_served_for_a_desktop_that_does_not_run(notebook: Notebook) -> None:
    assert not notebook.run("%casa_desktop m31").displayed
    lifecycle.ensure("m31")
    port, _ = link_in(notebook.run("%casa_desktop"))
    lifecycle.ensure("main")
    assert link_in(notebook.run("%casa_desktop main"))[0] != port


def test_a_page_whose_process_was_killed_is_served_anew(notebook: Notebook) -> None:
    lifecycle.ensure("main")
    port, _ = link_in(notebook.run("%casa_desktop"))
    process = server_of(port)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    again = link_in(notebook.run("%casa_desktop"))
    assert answer(*again)[0] == 200


def test_the_page_ends_with_its_kernel_and_not_with_the_kernel_s_helper(
    observation: Path, kernel_environment: Dict[str, str]
) -> None:
    lifecycle.ensure("main")
    with Notebook(observation, kernel_environment) as kernel:
        port, path = link_in(kernel.run("%casa_desktop"))
        process = server_of(port)
        for helper in with_word(below(kernel.pid), "host_helper"):
            helper.kill()
        assert link_in(kernel.run("%casa_desktop")) == (port, path)
    process.wait(30)


def test_the_page_of_a_kernel_in_a_container_is_served_outside(environment: Dict[str, str], observation: Path) -> None:
    lifecycle.ensure("main")
    own = {name: value for name, value in environment.items() if name != "CASA_DESKTOP_URL"}
    with Notebook(observation, own, container=Container("bwrap")) as kernel:
        port, path = link_in(kernel.run("%casa_desktop"))
        assert answer(port, path)[0] == 200
        process = server_of(port)
        assert namespace("net", process.pid) == namespace("net")
    process.wait(30)


STARTS = [
    pytest.param({}, id="plain"),
    pytest.param({"container": Container("bwrap")}, id="in a container"),
    pytest.param({"program": program(2)}, id="over MPI", marks=WITH_MPI),
]


@pytest.mark.parametrize("start", STARTS)
def test_the_address_of_a_page_is_believed_if_it_is_of_the_kernel_s_own_jupyter_server(
    environment: Dict[str, str], observation: Path, start: Dict[str, Any]
) -> None:
    lifecycle.ensure("main")
    # This process is the server of the kernels that it starts; they show no link when their Jupyter shows desktops.
    for server, served in ((os.getpid(), False), (os.getppid(), True)):
        given = {"CASA_DESKTOP_URL": "/lab/casa-desktop/", "CASA_DESKTOP_URL_SERVER": str(server)}
        with Notebook(observation, {**environment, **given}, **start) as kernel:
            shown = [data["text/html"] for data in kernel.run("%casa_desktop").displayed if "text/html" in data]
            assert any(LINK.search(each) for each in shown) is served


def test_a_window_opens_also_where_its_page_cannot_be_served(
    tmp_path: Path, observation: Path, kernel_environment: Dict[str, str]
) -> None:
    (tmp_path / "websockify.py").write_text("raise ImportError('there is no websockify')")
    with Notebook(observation, {**kernel_environment, "PYTHONPATH": str(tmp_path)}) as kernel:
        cell = kernel.run("viewer('dirty.image', gui=True)")
        assert cell.error is None
        assert "viewer is on the CASA Desktop. The page of the desktop 'main' cannot be served" in cell.text
        assert "there is no websockify" in cell.text
        assert "Run 'casa-desktop serve --name main' in a terminal on this machine." in cell.text
        assert any("image/png" in data for data in cell.displayed)


@pytest.mark.parametrize(
    ("base", "proxied", "expected"),
    [
        ("/user/a%40b/", True, ["/user/a%40b/proxy/127.0.0.1:7/casa-desktop/?token=x"]),
        ("/", False, ["http://127.0.0.1:7/casa-desktop/?token=x"]),
        ("/", None, ["/proxy/127.0.0.1:7/casa-desktop/?token=x", "http://127.0.0.1:7/casa-desktop/?token=x"]),
        ("", None, ["http://127.0.0.1:7/casa-desktop/?token=x"]),
        ('/<a>&"/', True, ['/<a>&"/proxy/127.0.0.1:7/casa-desktop/?token=x']),
    ],
)
def test_the_link_goes_through_jupyter_where_that_has_a_proxy(base: str, proxied: bool, expected: list[str]) -> None:
    ways = links(Address(7, "x", base, proxied, "tycho"))
    assert [each.url for each in ways] == expected
    told = ways[-1].plain()
    assert told.endswith(", run this there first: ssh -L 7:127.0.0.1:7 tycho") is not (proxied is True)
    data, metadata = notice("It is there.", "main", ways)
    assert "<a>" not in data["text/html"]
    # Only the cell has the secret.
    assert metadata["casa-desktop"] == {"desktop": "main", "url": expected[0].partition("?")[0]}
