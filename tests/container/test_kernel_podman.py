"""Kernels in the real image, run by Podman for a Jupyter on this machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import psutil
import pytest

from casa_desktop.containers.container import Container
from casa_desktop.desktop import lifecycle, registry
from casa_desktop.runtime import directory
from casa_desktop.x11 import screenshots

from ..casa_desktop.launchers.test_kernel import launch
from ..kernel.drawing.test_live import clean, interrupt
from ..kernel.test_contained import called, left
from ..support.engine import Engine
from ..support.jobs import script, texts
from ..support.living import command, name_of
from ..support.mask_editor import TITLE, MaskEditor
from ..support.notebook import Notebook
from ..support.processes import marked
from ..support.screen import Screen

pytestmark = pytest.mark.container
Find = Callable[[], Dict[str, str]]
LAUNCHED = re.compile("casa-desktop-[0-9a-f]{8}")
DRAWN = """
ia.open('{name}.mask')
print(int(ia.getchunk().sum()))
ia.close()
"""
INSIDE = "import os, casatasks\nprint(vis, os.path.exists('/run/.containerenv'), os.getcwd())"
SCRIPT = """
from casaviewer import imview
imview('dirty.image', out='of-a-script.png')
try:
    imview('dirty.image')
except Exception as error:
    print(type(error).__name__)
"""


@pytest.fixture(scope="module")
def container(image: str) -> Container:
    return Container("podman", image)


@pytest.fixture(scope="module")
def surroundings(environment: Dict[str, str], engine: Engine, place: Path) -> Dict[str, str]:
    """The environment of the kernels; here, no program is found but the engine's."""
    poor = place / "poor"
    poor.mkdir()
    for folder in ("/usr/sbin", "/usr/bin"):
        for program in Path(folder).iterdir():
            if program.name not in ("Xvnc", "Xtigervnc") and not (poor / program.name).exists():
                (poor / program.name).symlink_to(program)
    own = {"CASA_DESKTOP_RUNTIME_DIR": str(place / "podman"), "PATH": str(poor)}
    # The image has its tools, and needs none of this machine's.
    return {
        **{key: value for key, value in environment.items() if key != "CASA_DESKTOP_TOOLS"},
        **own,
        **engine.configuration,
    }


@pytest.fixture(autouse=True)
def _same_runtime_directory(surroundings: Dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process sees the desktops of the kernels, which end with the test."""
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", surroundings["CASA_DESKTOP_RUNTIME_DIR"])
    yield
    for name in directory.names():
        lifecycle.stop(name)


@pytest.fixture
def record() -> Find:
    def find() -> Dict[str, str]:
        found = registry.running("main")
        return {"display": found.display, "xauthority": found.xauthority}

    return find


@pytest.fixture(scope="module")
def notebook(observation: Path, surroundings: Dict[str, str], container: Container) -> Iterator[Notebook]:
    """A kernel in the image, in the folder of the observation."""
    with Notebook(observation, surroundings, container=container) as kernel:
        yield kernel


def containers(engine: Engine) -> List[str]:
    """Return the names of the launchers' containers that the engine knows of, running or not; no other tests' ones."""
    return [each for each in engine.say("ps", "--all", "--format={{.Names}}").split() if LAUNCHED.fullmatch(each)]


def test_a_task_draws_into_the_cell_and_its_files_are_the_users(notebook: Notebook, observation: Path) -> None:
    cell = notebook.run("viewer('dirty.image')")
    assert cell.error is None
    assert "image/png" in cell.displayed[-1]
    notebook.run("imstat('dirty.image')\nopen('of-podman', 'w').close()")
    assert (observation / "of-podman").stat().st_uid == os.getuid()


def test_it_works_in_its_folder_with_its_home_and_a_network_of_its_own(
    notebook: Notebook, observation: Path, surroundings: Dict[str, str]
) -> None:
    told = notebook.run(
        "import os; print(os.getcwd(), os.environ['HOME'], os.readlink('/proc/self/ns/net'), sep='\\n')"
    )
    folder, home, network = told.text.splitlines()
    assert (folder, home) == (str(observation), surroundings["HOME"])
    assert network != os.readlink("/proc/self/ns/net")
    assert notebook.manager.transport == "ipc"


def test_a_run_has_the_image_s_casa_and_leaves_no_container(
    image: str, surroundings: Dict[str, str], engine: Engine, place: Path
) -> None:
    path = script(place / "run-in-podman", "reduce", INSIDE, "1 / 0", parameters="vis = 'a.ms'")
    before = containers(engine)
    words = ["run", path.name, "--image", image, "--engine", "podman", "-p", "vis=b.ms"]
    program = [sys.executable, "-m", "casa_desktop"]
    run = subprocess.run(
        [*program, *words], cwd=path.parent, env=surroundings, capture_output=True, text=True, timeout=300, check=False
    )
    assert (run.returncode, "ZeroDivisionError" in run.stderr) == (1, True), run.stderr
    output = path.parent / "reduce.out.ipynb"
    assert texts(str(output)) == [f"b.ms True {path.parent}\n"]
    assert output.stat().st_uid == os.getuid()
    assert containers(engine) == before


def test_a_live_window_is_on_a_desktop_out_of_the_image_where_this_machine_has_no_x_server(
    notebook: Notebook, record: Find, engine: Engine
) -> None:
    cell = notebook.run("viewer('dirty.image', gui=True)", timeout=90)
    assert cell.error is None
    with Screen(record()) as screen:
        assert screen.wait_for_window(TITLE).height > 300
    assert "image/png" in cell.displayed[-1], "nothing keeps what the window showed"
    assert int(record()["display"][1:]) >= 1000
    assert len(containers(engine)) == 2
    found = registry.running("main")
    assert screenshots.screenshot(found)
    processes = [psutil.Process(found.supervisor_pid)]
    lifecycle.stop("main")
    psutil.wait_procs(processes, timeout=20)
    assert len(containers(engine)) == 1


def test_a_mask_is_drawn_in_interactive_tclean(notebook: Notebook, record: Find) -> None:
    def draw(_notebook: Notebook, editor: MaskEditor) -> None:
        editor.draw((0.40, 0.62), (0.58, 0.38))
        editor.go_on()

    cell = clean(notebook, record, "podman-drawn", draw)
    assert cell.error is None
    assert int(notebook.run(DRAWN.format(name="podman-drawn")).text) > 50


def test_cleaning_is_interrupted(notebook: Notebook, record: Find) -> None:
    cell = clean(notebook, record, "podman-interrupted", interrupt)
    assert cell.error is not None
    assert cell.error["ename"] == "KeyboardInterrupt"


def test_settings_of_mpi_arrive_but_no_rank_and_of_pythonpath_only_the_kernels_own(
    observation: Path, surroundings: Dict[str, str], container: Container
) -> None:
    given = {"OMPI_MCA_btl": "self", "OMPI_COMM_WORLD_RANK": "3", "SLURM_JOB_ID": "7", "PYTHONPATH": "/x"}
    with Notebook(observation, {**surroundings, **given}, container=container) as kernel:
        told = kernel.run(f"import os, json; print(json.dumps([os.environ.get(each) for each in {[*given]}]))")
    setting, rank, job, path = json.loads(told.text)
    assert (setting, job) == ("self", "7")
    # By the rank of another program the kernel would take itself for a part of that one.
    assert rank is None
    # By it the scripts that cells start find the kernel's changes of CASA.
    assert re.fullmatch("[^:]+/casa_kernel/sitehooks", path)


def test_a_script_that_a_cell_starts_draws_into_a_file_and_asks_for_no_window(
    notebook: Notebook, observation: Path
) -> None:
    script = f"import subprocess, sys\nprint(subprocess.check_output([sys.executable, '-c', {SCRIPT!r}], text=True))"
    cell = notebook.run(script, timeout=120)
    assert cell.error is None
    assert "NoWindowHere" in cell.text
    assert (observation / "of-a-script.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "victim", ["casa_desktop.launchers.kernel", "podman", "casa_desktop.launchers.init", "casa_kernel"]
)
def test_nothing_is_left_when_a_part_is_killed(
    observation: Path, surroundings: Dict[str, str], container: Container, engine: Engine, place: Path, victim: str
) -> None:
    own = {**surroundings, "CASA_DESKTOP_RUNTIME_DIR": str(place / f"p{victim[-4:]}")}
    others = containers(engine)
    with Notebook(observation, own, container=container) as kernel:
        kernel.run("viewer('dirty.image')")
        launcher = psutil.Process(kernel.pid)
        processes = [launcher, *marked(f"{own['CASA_DESKTOP_RUNTIME_DIR']}/.kernels/")]
        processes += [
            each for each in psutil.process_iter() if _is_monitor(each, set(containers(engine)) - set(others))
        ]
        called(processes, victim).kill()
        psutil.wait_procs(processes[1:], timeout=20)
        assert launcher.wait(timeout=20) != 0
        assert left(own, processes) == []
    assert containers(engine) == others


def _is_monitor(process: psutil.Process, names: set[str]) -> bool:
    return name_of(process) == "conmon" and not names.isdisjoint(command(process))


def test_an_image_that_is_not_there_is_one_sentence_at_once(surroundings: Dict[str, str], place: Path) -> None:
    done = launch(place / "none", Container("podman", "localhost/no-such-image"), surroundings)
    assert done.returncode == 1
    assert "localhost/no-such-image: image not known" in done.stderr
