"""Kernels in containers. A sandbox of bubblewrap is the smallest: this machine's files, and all else of its own."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import psutil
import pytest

from casa_desktop.containers.container import Container
from casa_desktop.desktop import lifecycle, registry, usage

from ..support.living import command, is_alive, line_of, living, started
from ..support.mask_editor import TITLE
from ..support.notebook import Notebook
from ..support.processes import listeners, marked
from ..support.screen import Screen
from .drawing.test_live import check_auto, clean, close_window, interrupt, titles

SANDBOX = Container("bwrap")
# A cell that runs until it is interrupted, but for a minute at most.
WAITING = "import time\ndisplay('now')\nfor _ in range(600): time.sleep(0.1)"
_NUMBERS = itertools.count()
Find = Callable[[], Dict[str, str]]


@pytest.fixture(scope="module")
def notebook(observation: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel in a sandbox, in the folder of the observation."""
    with Notebook(observation, kernel_environment, container=SANDBOX) as kernel:
        yield kernel


@pytest.fixture
def own(environment: Dict[str, str], place: Path) -> Dict[str, str]:
    """The environment of kernels that have a runtime directory of their own, so that one sees what is left in it."""
    return {**environment, "CASA_DESKTOP_RUNTIME_DIR": str(place / f"own{next(_NUMBERS)}")}


def contained(environment: Dict[str, str]) -> List[psutil.Process]:
    """Return the processes of the containers with this environment's runtime directory, and of their engines."""
    return marked(f"{environment['CASA_DESKTOP_RUNTIME_DIR']}/.kernels/")


def called(processes: List[psutil.Process], word: str) -> psutil.Process:
    """Return the process whose command line begins with words, four at most, that hold ``word``."""
    return next(each for each in processes if word in " ".join(command(each)[:4]))


def left(environment: Dict[str, str], processes: List[psutil.Process]) -> List[str]:
    """Return what is left of processes that should end, and of their folder, after a while."""
    _, alive = psutil.wait_procs(processes, timeout=20)
    root = Path(environment["CASA_DESKTOP_RUNTIME_DIR"])
    files = [str(each.relative_to(root)) for each in root.rglob("*")] if root.exists() else []
    return [line_of(each) for each in alive if is_alive(each)] + files


def test_a_kernel_in_a_container_is_reached_by_unix_sockets_alone(
    notebook: Notebook, environment: Dict[str, str]
) -> None:
    assert notebook.run("print(ctsys.version_string())").error is None
    assert "image/png" in notebook.run("viewer('dirty.image')").displayed[-1]
    assert notebook.manager.transport == "ipc"
    assert notebook.run("print(open('/proc/net/dev').read().count(':'))").text == "1\n", "there is more than loopback"
    # CASA's registry and its tools listen on every interface, of which there is none here.
    assert listeners(contained(environment)) == set()


def test_it_works_in_its_folder_at_home_and_sees_its_own_processes_alone(
    notebook: Notebook, observation: Path, environment: Dict[str, str]
) -> None:
    told = "import os, psutil; print(os.getcwd(), os.environ['HOME'], len(psutil.pids()) < 20, sep='\\n')"
    assert notebook.run(told).text.splitlines() == [str(observation), environment["HOME"], "True"]
    notebook.run("open('written', 'w').close()")
    assert (observation / "written").stat().st_uid == os.getuid()


def test_the_settings_of_mpi_and_casa_go_along_and_a_rank_and_python_s_do_not(
    observation: Path, environment: Dict[str, str]
) -> None:
    # A kernel that Jupyter starts under mpirun is none of that program's ranks.
    given = {
        "OMPI_MCA_mpi_show_help": "0",
        "CASA_DESKTOP_NAME": "m31",
        "OMPI_COMM_WORLD_RANK": "3",
        "PYTHONSTARTUP": "/x",
        "SECRET": "y",
    }
    with Notebook(observation, {**environment, **given}, container=SANDBOX) as kernel:
        found = kernel.run(f"import os, json; print(json.dumps([os.environ.get(each) for each in {[*given]}]))")
        assert json.loads(found.text) == ["0", "m31", None, None, None]
        assert kernel.run("%casa_desktop").text.startswith("m31 ")


def test_a_running_cell_is_interrupted_once(notebook: Notebook) -> None:
    cell = notebook.run(WAITING, meanwhile=notebook.manager.interrupt_kernel)
    assert cell.error is not None
    assert cell.error["ename"] == "KeyboardInterrupt"
    assert notebook.run("print(1)").text == "1\n"


@pytest.mark.parametrize("now", [False, True])
def test_a_restart_is_another_kernel_at_the_same_sockets(notebook: Notebook, now: bool) -> None:
    notebook.run("mark = 1")
    before = notebook.manager.get_connection_info()
    notebook.manager.restart_kernel(now=now)
    notebook.client.wait_for_ready(timeout=60)
    assert notebook.manager.get_connection_info() == before
    cell = notebook.run("mark")
    assert cell.error is not None
    assert cell.error["ename"] == "NameError"


def test_nothing_is_left_after_a_shutdown(observation: Path, own: Dict[str, str]) -> None:
    with Notebook(observation, own, container=SANDBOX) as kernel:
        kernel.run("viewer('dirty.image')")
        processes = [psutil.Process(kernel.pid), *contained(own)]
        assert len(processes) >= 5
    assert left(own, processes) == []


@pytest.mark.parametrize(
    "victim", ["casa_desktop.launchers.kernel", "bwrap", "casa_desktop.launchers.init", "casa_kernel"]
)
def test_nothing_is_left_when_a_part_is_killed(observation: Path, own: Dict[str, str], victim: str) -> None:
    with Notebook(observation, own, container=SANDBOX) as kernel:
        kernel.run("viewer('dirty.image')")
        launcher = psutil.Process(kernel.pid)
        processes = [launcher, *contained(own)]
        called(processes, victim).kill()
        # Jupyter asks after the launcher, and waits for it in doing so.
        psutil.wait_procs(processes[1:], timeout=20)
        assert launcher.wait(timeout=20) != 0
        assert left(own, processes) == []


SERVER = """
import sys, time
from pathlib import Path
sys.path[:0] = [{tests!r}]
from tests.support.notebook import Notebook
from casa_desktop.containers.container import Container
import os
kernel = Notebook(Path({folder!r}), os.environ, container=Container("bwrap"))
print(kernel.pid, flush=True)
sys.stdin.read()
"""


def test_nothing_is_left_when_the_process_that_started_it_is_killed(observation: Path, own: Dict[str, str]) -> None:
    code = SERVER.format(tests=str(Path(__file__).parents[2]), folder=str(observation))
    with started(
        [sys.executable, "-c", code], env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        launcher = psutil.Process(int(server.stdout.readline()))
        processes = [launcher, *contained(own)]
        server.kill()
    assert left(own, processes) == []


def test_a_desktop_that_a_contained_kernel_asks_for_is_started_outside_and_outlives_it(
    observation: Path, environment: Dict[str, str], record: Find
) -> None:
    with Notebook(observation, environment, container=SANDBOX) as kernel:
        cell = kernel.run("viewer('dirty.image', gui=True)")
        assert cell.error is None
        with Screen(record()) as screen:
            screen.wait_for_window(TITLE)
        found = registry.find("main")
        assert found is not None
        (supervisor,) = living(found.supervisor_pid)
        assert command(supervisor)[2] == "casa_desktop.desktop.supervisor"
        assert "image/png" in cell.displayed[-1], "the notebook does not keep what was seen"
    assert registry.find("main") == found
    assert not any(TITLE in each for each in titles(record()))


def test_the_shared_memory_of_x_and_mpi_is_the_machines(notebook: Notebook) -> None:
    told = notebook.run("import os; print(os.readlink('/proc/self/ns/ipc'), os.stat('/dev/shm').st_dev)").text.split()
    assert told == [os.readlink("/proc/self/ns/ipc"), str(os.stat("/dev/shm").st_dev)]


def test_auto_is_live_while_somebody_outside_watches(notebook: Notebook, record: Find) -> None:
    check_auto(notebook)


def test_a_cell_that_runs_inside_is_work_for_the_desktop_outside(notebook: Notebook, record: Find) -> None:
    desktop = lifecycle.ensure("main")
    seen: List[bool] = []

    def meanwhile() -> None:
        seen.append(usage.is_working(desktop))
        notebook.manager.interrupt_kernel()

    notebook.run(WAITING, meanwhile=meanwhile)
    assert (seen, usage.is_working(desktop)) == ([True], False)


def test_stopping_the_desktop_from_inside_is_refused_and_kills_nobody(notebook: Notebook, record: Find) -> None:
    lifecycle.ensure("main")
    cell = notebook.run("from casa_desktop.desktop import lifecycle; lifecycle.stop('main')")
    assert cell.error is not None
    assert cell.error["ename"] == "StopFailed"
    assert "started outside of this container" in cell.error["evalue"]
    assert registry.find("main") is not None


def test_an_error_outside_is_the_same_error_inside(notebook: Notebook) -> None:
    cell = notebook.run("from casa_desktop.desktop import lifecycle; lifecycle.ensure('../x')")
    assert cell.error is not None
    assert cell.error["ename"] == "InvalidName"


def test_two_contained_kernels_share_a_desktop_and_take_no_window_for_their_own(
    notebook: Notebook, observation: Path, environment: Dict[str, str], record: Find
) -> None:
    with Notebook(observation, environment, container=SANDBOX) as other:
        for kernel in (notebook, other):
            assert kernel.run("viewer('dirty.image', gui=True)").error is None
        assert sum(TITLE in each for each in titles(record())) == 2
        pids = [kernel.run("import os; print(os.getpid())").text for kernel in (notebook, other)]
        assert pids[0] != pids[1]
        named = other.run("%casa_desktop other\nviewer('dirty.image', gui=True)")
        assert named.error is None
    assert [each.name for each in registry.list_desktops()] == ["main", "other"]
    lifecycle.stop("other")


@pytest.mark.parametrize("act", [interrupt, close_window])
def test_interrupting_or_closing_ends_contained_cleaning(
    notebook: Notebook, record: Find, act: Callable[..., None]
) -> None:
    cell = clean(notebook, record, f"contained-{act.__name__}", act)
    assert cell.error is not None
    assert cell.error["ename"] == "KeyboardInterrupt"


def test_where_jupyter_speaks_tcp_the_container_has_the_hosts_network(observation: Path, own: Dict[str, str]) -> None:
    with Notebook(observation, own, container=SANDBOX, provisioned=False) as kernel:
        assert kernel.manager.transport == "tcp"
        assert kernel.run("print(1)").text == "1\n"
        processes = [psutil.Process(kernel.pid), *contained(own)]
    assert left(own, processes) == []


def test_without_a_home_the_kernel_has_one_that_ends_with_it(observation: Path, own: Dict[str, str]) -> None:
    with Notebook(observation, {**own, "HOME": "/nonexistent"}, container=SANDBOX) as kernel:
        home = kernel.run("import os; print(os.path.expanduser('~'), os.environ['USER'])").text.split()
        assert home[0].startswith(own["CASA_DESKTOP_RUNTIME_DIR"])
        assert "image/png" in kernel.run("viewer('dirty.image')").displayed[-1]
        processes = contained(own)
    assert left(own, processes) == []


def test_sigterm_ends_the_kernel_in_order(observation: Path, own: Dict[str, str]) -> None:
    with Notebook(observation, own, container=SANDBOX) as kernel:
        processes = [psutil.Process(kernel.pid), *contained(own)]
        os.kill(kernel.pid, signal.SIGTERM)
        processes[0].wait(timeout=20)
        assert left(own, processes) == []
