"""How a kernel's Jupyter server is found, and whether it has jupyter-server-proxy; the servers are real ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest

from casa_desktop.web import foreign_jupyter
from casa_desktop.web.foreign_jupyter import Jupyter, runtime_folder

from ...support import lab
from ...support.ports import free_port

BASE = "/user/a%40b/"


class Server(lab.Jupyter):
    """A Jupyter server without JupyterLab, and with or without jupyter-server-proxy."""

    def __init__(self, root: Path, environment: Dict[str, str], *arguments: str, proxy: bool) -> None:
        own = f"--ServerApp.jpserver_extensions={{'jupyter_server_proxy': {proxy}, 'jupyterlab': False}}"
        super().__init__(root, environment, (f"--ServerApp.base_url={BASE}", own, *arguments))

    def _command(self) -> List[str]:
        words = super()._command()
        words[2] = "jupyter_server"
        return [each for each in words if not each.startswith("--LabApp")]


@pytest.fixture
def own(tmp_path: Path) -> Dict[str, str]:
    """The variables of a server whose files are its own."""
    folders = {name: str(tmp_path / name) for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    return {**os.environ, **folders}


@pytest.mark.parametrize(
    ("arguments", "proxy", "expected"),
    [
        ([], True, True),
        ([], False, False),
        # Then it sends strangers to its login from everywhere.
        (["--ServerApp.allow_unauthenticated_access=False"], True, True),
        (["--ServerApp.allow_unauthenticated_access=False"], False, False),
    ],
)
def test_a_server_is_found_by_its_pid_and_its_refusals_tell_what_it_has(
    tmp_path: Path, own: Dict[str, str], arguments: List[str], proxy: bool, expected: bool
) -> None:
    with Server(tmp_path, own, *arguments, proxy=proxy) as server:
        pid = server.process.pid
        assert foreign_jupyter.find(0, 9, {**own, "JPY_PARENT_PID": str(pid)}) == Jupyter(BASE, expected)
        # Those of another process are not meant.
        assert foreign_jupyter.find(pid, 9, own) == Jupyter("", None)


def test_a_kernel_s_ancestors_are_asked_after_too(tmp_path: Path, own: Dict[str, str]) -> None:
    write(tmp_path, own, os.getpid(), {"base_url": "/lab"})
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as kernel:
        assert foreign_jupyter.find(kernel.pid, 9, {**own, "JPY_PARENT_PID": "1"}) == Jupyter("/lab/", None)
        kernel.communicate(b"\n")


def write(tmp_path: Path, own: Dict[str, str], pid: int, told: object) -> None:
    folder = Path(own["JUPYTER_RUNTIME_DIR"])
    folder.mkdir(exist_ok=True)
    (folder / f"jpserver-{pid}.json").write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"base_url": "/"}, "/"),
        ({"base_url": "//evil.example/"}, "/evil.example/"),
        ({"base_url": "https://evil.example/"}, ""),
        ({"base_url": "/a\nb/"}, ""),
        ({"base_url": 7}, ""),
        ({}, ""),
    ],
)
def test_an_address_that_a_server_s_file_tells_stays_on_that_server(
    tmp_path: Path, own: Dict[str, str], told: object, expected: str
) -> None:
    # Nobody listens there.
    write(tmp_path, own, 7, {"url": f"http://127.0.0.1:{free_port()}/", **dict(told)})  # type: ignore[call-overload]
    assert foreign_jupyter.find(0, 9, {**own, "JPY_PARENT_PID": "7"}) == Jupyter(expected, None)


@pytest.mark.parametrize("text", ["", "[]", "{", '"/"', "\u2603"])
def test_a_file_that_makes_no_sense_is_none(tmp_path: Path, own: Dict[str, str], text: str) -> None:
    write(tmp_path, own, 7, {})
    Path(own["JUPYTER_RUNTIME_DIR"], "jpserver-7.json").write_text(text)
    hub = {"JPY_PARENT_PID": "7", "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}
    assert foreign_jupyter.find(0, 9, {**own, **hub}) == Jupyter("/user/ada/", None)


def test_a_server_that_does_not_answer_in_http_tells_nothing() -> None:
    for url in (
        "http+unix://%2Ftmp%2Fjupyter",
        "",
        "http://[x",
        "ftp://127.0.0.1/",
        f"https://127.0.0.1:{free_port()}",
    ):
        assert foreign_jupyter.has_proxy(url, 9) is None


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HOME": "/home/ada"}, "/home/ada/.local/share/jupyter/runtime"),
        ({"HOME": "/home/ada", "XDG_DATA_HOME": "/data"}, "/data/jupyter/runtime"),
        ({"HOME": "/home/ada", "JUPYTER_DATA_DIR": "/data"}, "/data/runtime"),
        ({"JUPYTER_DATA_DIR": "/data", "JUPYTER_RUNTIME_DIR": "/run/jupyter"}, "/run/jupyter"),
    ],
)
def test_the_runtime_folder_is_jupyter_s_own(environ: Dict[str, str], expected: str) -> None:
    assert runtime_folder(environ) == Path(expected)
    words = [sys.executable, "-m", "jupyter_core", "--runtime-dir"]
    asked = subprocess.run(words, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    assert asked.stdout.strip() == expected
