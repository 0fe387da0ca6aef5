"""A kernel over MPI, one start after the other: what it computes, how it is interrupted, and how it ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping

import psutil
import pytest

from casa_desktop import names

from ...support.living import below, line_of, variables, with_word
from ...support.mask_editor import find_arrow
from ...support.notebook import Cell, Notebook
from ...support.ranks import NUMBER, WITH_MPI, started
from ...support.screen import Screen, XHand

# What an MPI program, or a step of Slurm, has told the process from which Jupyter was started.
INHERITED = {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "PMIX_RANK": "1", "SLURM_PROCID": "1"}
# How long a test waits for what is about to happen, in seconds, on however busy a machine.
PATIENCE = 200


pytestmark = WITH_MPI


@pytest.fixture(scope="module")
def kernel(spectral_line: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """The kernel of all tests but one, which start it again when they have ended it."""
    with started(spectral_line, {**kernel_environment, **INHERITED}) as notebook:
        yield notebook


def run(notebook: Notebook, code: str, **settings: Any) -> Cell:
    """Run a cell, however busy the machine is."""
    return notebook.run(code, timeout=PATIENCE, **settings)


def clean(name: str, **arguments: Any) -> str:
    """Return a call of tclean."""
    words = {"imagename": name, "imsize": 64, "cell": "1arcsec", "niter": 30, **arguments}
    return f"tclean('line.ms', {', '.join(f'{key}={value!r}' for key, value in words.items())})\n"


# What one process makes, in a child of the kernel: in the kernel itself CASA makes each cube in parallel, asked or not.
ALONE = """
import subprocess, sys
print(subprocess.run([sys.executable, '-c', {code!r}], stdout=-1, stderr=-2, text=True).returncode)
"""
PIXELS = """
def pixels(name):
    ia.open(name); found = ia.getchunk(); ia.done(); return found
"""
COMPARE = """
def compare(mode, limit, kind):
    one, many = pixels(f'one-{mode}.{kind}'), pixels(f'many-{mode}.{kind}')
    print(mode, kind, one.shape == many.shape, one.max() > 0, abs(one - many).max() <= limit * abs(one).max())
for mode, limit in (('mfs', 1e-3), ('cube', 0)):
    for kind in ('psf', 'residual', 'model', 'image'):
        compare(mode, limit, kind)
"""


def test_tclean_over_mpi_makes_the_image_of_one_process(kernel: Notebook) -> None:
    code = "from casatasks import tclean\n" + "".join(clean(f"one-{mode}", specmode=mode) for mode in ("mfs", "cube"))
    assert run(kernel, ALONE.format(code=code)).text == "0\n"
    for mode in ("mfs", "cube"):
        parallel = run(kernel, clean(f"many-{mode}", specmode=mode, parallel=True))
        assert parallel.error is None
        assert [f"MPIServer-{rank}" in last_log(parallel) for rank in range(1, NUMBER)] == [True, True]
    said = run(kernel, PIXELS + COMPARE).text.splitlines()
    kinds = ("psf", "residual", "model", "image")
    assert said == [f"{mode} {kind} True True True" for mode in ("mfs", "cube") for kind in kinds]


def last_log(cell: Cell) -> str:
    """Return CASA's log of a cell as it was shown last."""
    return str(cell.logs[-1])


def test_casa_version_tells_the_ranks(kernel: Notebook) -> None:
    table = run(kernel, "%casa_version").displayed[0]["text/plain"]
    assert f"{NUMBER} ranks, this kernel's included; Open MPI" in table


def test_processes_of_cells_are_no_ranks_and_the_servers_share_the_processors(kernel: Notebook) -> None:
    code = "import os, subprocess, sys\nshow = 'import os; print(os.environ.get(\"OMPI_COMM_WORLD_RANK\"))'\n"
    said = run(kernel, f"{code}print(subprocess.run([sys.executable, '-c', show], stdout=-1, text=True).stdout)")
    assert said.text.split() == ["None"]
    said = run(kernel, "print(os.environ['OMP_NUM_THREADS'], os.environ['OMPI_COMM_WORLD_SIZE'])")
    assert said.text.split() == [str(max(1, len(os.sched_getaffinity(0)) // NUMBER)), str(NUMBER)]


def test_an_interactive_cube_asks_in_a_window_and_is_cleaned_over_mpi(
    kernel: Notebook, record: Callable[[], Dict[str, str]]
) -> None:
    def go_on() -> None:
        with Screen(record()) as screen:
            # It is blue once the mask is there.
            XHand(screen).click(screen.wait_until(lambda: find_arrow(screen.pixels()), "blue arrow", PATIENCE))

    mask = "circle[[32pix, 32pix], 8pix]"
    call = clean("asked", specmode="cube", cycleniter=20, parallel=True, interactive=True, mask=mask)
    cell = run(kernel, call, meanwhile=go_on)
    assert cell.error is None
    assert "waits for you on the CASA Desktop" in cell.displayed[0]["text/plain"]
    assert "MPIServer-1" in last_log(cell)
    code = f"{PIXELS}mask, model = pixels('asked.mask'), pixels('asked.model')\n"
    assert run(kernel, f"{code}print(model.sum() > 0, ((model != 0) <= (mask > 0)).all())").text == "True True\n"


def test_an_interrupt_reaches_the_kernel_alone_and_the_next_task_works(kernel: Notebook) -> None:
    members = everything(kernel)

    def interrupt(shown: Mapping[str, Any]) -> bool:
        if "executeMajorCycle" not in str(shown):
            return False
        kernel.manager.interrupt_kernel()
        return True

    cell = run(kernel, clean("long", niter=10**7, cycleniter=1, parallel=True), on_log=interrupt)
    assert cell.error is not None
    assert cell.error["ename"] == "KeyboardInterrupt"
    again = run(kernel, clean("after", parallel=True))
    assert again.error is None
    assert with_word(everything(kernel), names.RANKS_SERVER) == with_word(members, names.RANKS_SERVER)


def everything(notebook: Notebook) -> List[psutil.Process]:
    """Return the processes of a kernel, but for what outlives it for a moment, its helper outside."""
    return [*below(notebook.pid), psutil.Process(notebook.pid)]


def rank(notebook: Notebook, number: int) -> int:
    """Return the process id of a rank."""
    told = [each for each in below(notebook.pid) if variables(each).get("OMPI_COMM_WORLD_RANK") == str(number)]
    of_rank = "casa_kernel.ranks.server" if number else "casa_kernel -f"
    return next(each.pid for each in told if of_rank in line_of(each))


def test_a_killed_server_is_told_of_under_the_running_cell_and_a_restart_works(kernel: Notebook) -> None:
    members = everything(kernel)
    lost = rank(kernel, 1)
    request = kernel.client.execute(f"import os, time\nos.kill({lost}, 9)\ntime.sleep(600)")
    said = told(kernel, request)
    assert said.startswith(f"Rank 1 of {NUMBER} (process {lost}) has ended: it was killed, or it crashed")
    assert psutil.wait_procs(members, timeout=PATIENCE)[1] == []
    restart(kernel)
    assert run(kernel, "print('here')").text == "here\n"


def told(kernel: Notebook, request: str) -> str:
    """Return what a cell prints next."""
    while True:
        message = kernel.client.get_iopub_msg(timeout=PATIENCE)
        if message["msg_type"] == "stream" and message["parent_header"].get("msg_id") == request:
            return str(message["content"]["text"])


def restart(kernel: Notebook) -> None:
    """Start the kernel again, as Jupyter does when it has died."""
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=PATIENCE)


def test_a_server_that_is_killed_between_cells_is_told_of_under_the_last_one(kernel: Notebook) -> None:
    members = everything(kernel)
    request = run(kernel, "'idle'").messages[0]["parent_header"]["msg_id"]
    os.kill(rank(kernel, NUMBER - 1), signal.SIGKILL)
    assert told(kernel, request).startswith(f"Rank {NUMBER - 1} of {NUMBER} ")
    assert psutil.wait_procs(members, timeout=PATIENCE)[1] == []


def test_nothing_is_left_of_a_kernel_that_is_killed(kernel: Notebook) -> None:
    restart(kernel)
    members = everything(kernel)
    os.kill(rank(kernel, 0), signal.SIGKILL)
    assert psutil.wait_procs(members, timeout=PATIENCE)[1] == []


@pytest.mark.parametrize(("network", "provisioned"), [("host", True), ("private", False)])
def test_it_works_in_any_network_and_over_any_transport_and_nothing_outlives_its_launcher(
    network: str, provisioned: bool, spectral_line: Path, kernel_environment: Dict[str, str]
) -> None:
    environment = {**kernel_environment, "CASA_DESKTOP_NETWORK": network}
    with started(spectral_line, environment, provisioned=provisioned) as kernel:
        parallel = run(kernel, clean(network, parallel=True))
        assert parallel.error is None
        assert "MPIServer-1" in last_log(parallel)
        members = everything(kernel)
        os.kill(kernel.pid, signal.SIGKILL)
        assert psutil.wait_procs(members, timeout=PATIENCE)[1] == []


def test_a_shutdown_leaves_nothing(kernel: Notebook) -> None:
    restart(kernel)
    assert run(kernel, clean("last", parallel=True)).error is None
    members = everything(kernel)
    kernel.manager.shutdown_kernel()
    assert psutil.wait_procs(members, timeout=PATIENCE)[1] == []
