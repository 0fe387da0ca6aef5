"""Kernels that ``kernel install`` wrote, in Jupyters that have no casa-desktop: jupyter_client, nbclient and others."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from importlib import util
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence

import nbformat
import pytest
from websockets.sync.client import ClientConnection, connect

from ..support import other_jupyter
from ..support.lab import Jupyter
from ..support.processes import ended, with_guards

LIFE = Path(__file__).parents[1] / "support" / "life_elsewhere.py"
# What tests/support/life_elsewhere.py prints if all is well, but for the kernel's process id at the end.
STEPS = [
    {"transport": "tcp", "provisioner": "LocalProvisioner"},
    {"said": "1 128\n"},
    {"said": "begun\nKeyboardInterrupt"},
    {"said": "1\n"},
    {"said": "False\n"},
]
NBCLIENT = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, kernel_name=sys.argv[3]).execute()
nbformat.write(notebook, sys.argv[2])
"""
PROGRAMS = {
    "nbclient": ["-c", NBCLIENT, "{before}", "{after}", "{kernel}"],
    "papermill": ["-m", "papermill", "{before}", "{after}", "-k", "{kernel}", "--no-progress-bar"],
}
CELL = "print(listobs('sim.ms')['nfields'], imhead('dirty.image')['shape'][0]); viewer('dirty.image')"
_NUMBERS = itertools.count()


class Elsewhere(NamedTuple):
    """A Jupyter without casa-desktop.

    Attributes:
        python: its Python.
        environment: its variables, with the user's folder that has the kernels.
    """

    python: Path
    environment: Dict[str, str]

    def output(self, *words: str, **how: Any) -> str:
        """Run its Python to the end; return what it has printed."""
        done = subprocess.run(
            [str(self.python), *words],
            **{"env": self.environment, "cwd": "/", **how},
            stdout=subprocess.PIPE,
            encoding="utf-8",
            timeout=240,
            check=True,
        )
        return done.stdout


@pytest.fixture(scope="module")
def jupyter(kernel_environment: Dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """A Jupyter without casa-desktop, whose user has kernels of it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    present = [each for each in ("papermill", "jupyter_console") if util.find_spec(each)]
    python = other_jupyter.installed(folder / "venv", ["jupyter_client", "jupyter_server", "nbclient", *present])
    prefixed = ["--name", "prefixed", "--prefix", str(folder / "prefix")]
    for words in (["--name", "plain"], prefixed, ["--name", "sandbox", "--sandbox"]):
        install(words, {**kernel_environment, "JUPYTER_DATA_DIR": str(folder / "data")})
    own = other_jupyter.environment(kernel_environment, python, folder / "data")
    return Elsewhere(python, {**own, "JUPYTER_PATH": str(folder / "prefix" / "share" / "jupyter")})


def install(words: Sequence[str], environ: Dict[str, str]) -> None:
    """Run ``casa-desktop kernel install``."""
    argv = [sys.executable, "-m", "casa_desktop", "kernel", "install", *words]
    subprocess.run(argv, env=environ, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def apart(jupyter: Elsewhere, place: Path) -> Elsewhere:
    """The same Jupyter with a runtime directory of the test's own, so that it shows what is left in it."""
    root = str(place / f"elsewhere{next(_NUMBERS)}")
    return jupyter._replace(environment={**jupyter.environment, "CASA_DESKTOP_RUNTIME_DIR": root})


def left(elsewhere: Elsewhere) -> List[str]:
    """Return what is left of kernels a while after their end."""
    processes = with_guards(elsewhere.environment)
    alive = [] if ended(processes) else [str(each) for each in processes]
    root = Path(elsewhere.environment["CASA_DESKTOP_RUNTIME_DIR"])
    return alive + [str(each) for each in root.rglob("*") if not each.is_dir()]


def test_the_jupyter_of_these_tests_has_no_casa_desktop_and_no_casa(jupyter: Elsewhere) -> None:
    asked = "from importlib.util import find_spec as f; print(*map(f, ('casa_desktop', 'casa_kernel', 'casatasks')))"
    assert jupyter.output("-c", asked) == "None None None\n"


def test_it_lists_the_kernels(jupyter: Elsewhere) -> None:
    listed = json.loads(jupyter.output("-m", "jupyter_client.kernelspecapp", "list", "--json"))
    assert {"plain", "prefixed", "sandbox"} <= set(listed["kernelspecs"])


@pytest.mark.parametrize(("program", "kernel"), [("nbclient", "sandbox"), ("papermill", "prefixed")])
def test_programs_run_notebooks_in_them(
    apart: Elsewhere, observation: Path, tmp_path: Path, program: str, kernel: str
) -> None:
    if util.find_spec(program) is None:
        pytest.skip(f"{program} is not installed; it is in casa-desktop's extra 'test'")
    before, after = tmp_path / "before.ipynb", tmp_path / "after.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)]), before)
    filled = [word.format(before=before, after=after, kernel=kernel) for word in PROGRAMS[program]]
    apart.output(*filled, cwd=observation)
    outputs = nbformat.read(after, 4).cells[-1].outputs
    assert "".join(each.text for each in outputs if each.output_type == "stream").startswith("1 128\n")
    assert "image/png" in outputs[-1].data
    assert left(apart) == []


class Server(Jupyter):
    """A Jupyter server of the Jupyter without casa-desktop.

    Args:
        elsewhere: that Jupyter.
        root: the folder that it serves.
    """

    def __init__(self, elsewhere: Elsewhere, root: Path) -> None:
        super().__init__(root, elsewhere.environment)
        self._python = elsewhere.python

    def _command(self) -> List[str]:
        return [
            *(str(self._python), "-m", "jupyter_server", "--no-browser", "--allow-root"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0"),
            f"--IdentityProvider.token={self.token}",
        ]


def test_a_jupyter_server_that_is_killed_leaves_nothing_of_a_kernel(apart: Elsewhere, observation: Path) -> None:
    with Server(apart, observation) as server:
        kernel = server.ask("api/kernels", "POST", {"name": "sandbox"})["id"]
        address = f"{server.url.replace('http', 'ws', 1)}api/kernels/{kernel}/channels"
        with connect(address, additional_headers={"Authorization": f"token {server.token}"}) as channels:
            assert ran(channels, "print(imhead('dirty.image')['shape'][0])") == "128\n"
        processes = with_guards(apart.environment)
        server.process.kill()
    assert len(processes) > 1
    assert ended(processes)
    assert left(apart) == []


def ran(channels: ClientConnection, code: str) -> str:
    """Run code over the websocket of a kernel's channels; return what it has printed, and its error's name."""
    header = {"msg_id": "r", "msg_type": "execute_request", "session": "s", "username": "", "version": "5.3"}
    content = {"code": code, "silent": False, "allow_stdin": False}
    channels.send(
        json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"})
    )
    said = ""
    while True:
        message = json.loads(channels.recv(timeout=60))
        if message["parent_header"].get("msg_id") == "r" and message["channel"] == "iopub":
            said += message["content"].get("text") or message["content"].get("ename") or ""
            if message["content"].get("execution_state") == "idle":
                return said


def test_jupyter_console_runs_a_task(apart: Elsewhere, observation: Path) -> None:
    if util.find_spec("jupyter_console") is None:
        pytest.skip("jupyter_console is not installed; it is in casa-desktop's extra 'test'")
    words = ["-m", "jupyter_console", "--simple-prompt", "--kernel=plain", "--ZMQTerminalInteractiveShell.banner="]
    said = apart.output(*words, cwd=observation, input="print('shape', imhead('dirty.image')['shape'][0])\nexit\n")
    assert "shape 128" in said
    assert left(apart) == []


@pytest.mark.parametrize(("kernel", "mode"), [("plain", "signal"), ("sandbox", "message")])
def test_a_kernel_is_interrupted_and_restarted_and_nothing_outlives_a_killed_client(
    apart: Elsewhere, observation: Path, kernel: str, mode: str
) -> None:
    words = [str(apart.python), str(LIFE), kernel, mode]
    with subprocess.Popen(words, cwd=observation, env=apart.environment, stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        try:
            said = [json.loads(line) for line in itertools.islice(client.stdout, len(STEPS) + 2)]
            assert said[: len(STEPS)] == STEPS
            processes = with_guards(apart.environment)
        finally:
            client.kill()
    assert ended(processes)
    assert left(apart) == []
