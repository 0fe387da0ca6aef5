"""Kernels in the real image, run by a real Apptainer for the Jupyter of a user without any rights."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple

import psutil
import pytest

from casa_desktop.containers.container import Container

from ..kernel.drawing.test_live import clean
from ..support import traces
from ..support.apptainer import User
from ..support.as_user import UserNotebook
from ..support.container_image import ROOT
from ..support.living import below, command, is_alive, line_of, living, owner
from ..support.mask_editor import TITLE, MaskEditor
from ..support.processes import ended, marked
from ..support.screen import Screen
from .test_kernel_podman import DRAWN

pytestmark = pytest.mark.container
Find = Callable[[], Dict[str, str]]


@pytest.fixture(scope="module")
def user(users: Tuple[User, ...]) -> User:
    return users[0]


@pytest.fixture(scope="module")
def container(sif: Path) -> Container:
    return Container("apptainer", str(sif), options=("--userns",))


@pytest.fixture(scope="module")
def work(observation: Path, user: User) -> Path:
    """The observation in a folder of the user's own, outside of home."""
    folder = user.home.parent / "work"
    shutil.copytree(observation, folder)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.uid, user.uid)
    return folder


@pytest.fixture(scope="module")
def sources(user: User) -> Iterator[Path]:
    """The project and its packages where the user may read them, wherever they lie on this machine."""
    folder = user.home.parent / "sources"
    folder.mkdir()
    # Read-only: a run that is killed leaves the mount, and someone removes the folder that it is in.
    subprocess.run(["mount", "-o", "bind,ro", str(ROOT), str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
def root(user: User) -> Iterator[Path]:
    """The user's runtime directory; nothing of it is left running."""
    yield user.home / "run"
    left = marked(f"{user.home}/run")
    for each in left:
        each.kill()
    assert ended(left)
    traces.remove(user.uid)


@pytest.fixture
def notebook(user: User, sources: Path, work: Path, container: Container, root: Path) -> Iterator[UserNotebook]:
    more = {
        "CASA_DESKTOP_RUNTIME_DIR": str(root),
        "CASA_DESKTOP_X_SERVER": json.dumps(container.as_dict()),
        "SLURM_JOB_ID": "7",
    }
    with UserNotebook(user, sources, work, container, **more) as kernel:
        yield kernel


@pytest.fixture
def record(root: Path) -> Find:
    def find() -> Dict[str, str]:
        found: Dict[str, Any] = json.loads((root / "main" / "record.json").read_text())
        (supervisor,) = living(found["supervisor_pid"])
        assert "casa_desktop.launchers.desktop" in command(supervisor)
        return {"display": found["display"], "xauthority": found["xauthority"]}

    return find


def test_a_task_draws_into_the_cell_in_the_users_folder_with_the_users_home_and_uid(
    notebook: UserNotebook, work: Path, user: User
) -> None:
    cell = notebook.run("viewer('dirty.image')")
    assert cell.error is None
    assert "image/png" in cell.displayed[-1]
    names = "import os; open('mine', 'w').close(); print(os.getcwd(), os.environ['HOME'], os.environ['SLURM_JOB_ID'])"
    assert notebook.run(names).text.split() == [str(work), str(user.home), "7"]
    assert (work / "mine").stat().st_uid == user.uid
    assert notebook.run("import psutil; print(len(psutil.pids()) < 20)").text == "True\n"


def test_a_mask_is_drawn_in_interactive_tclean_on_a_desktop_out_of_the_image(
    notebook: UserNotebook, record: Find
) -> None:
    def draw(_notebook: Any, editor: MaskEditor) -> None:
        editor.draw((0.40, 0.62), (0.58, 0.38))
        editor.go_on()

    cell = clean(notebook, record, "apptainer-drawn", draw)  # type: ignore[arg-type]
    assert cell.error is None
    assert int(notebook.run(DRAWN.format(name="apptainer-drawn")).text) > 50
    assert notebook.run("viewer('dirty.image', gui=True)").error is None
    with Screen(record()) as screen:
        assert screen.wait_for_window(TITLE).height > 300


def test_cleaning_is_interrupted(notebook: UserNotebook, record: Find) -> None:
    def interrupt(_notebook: Any, _editor: MaskEditor) -> None:
        os.killpg(notebook.pid, signal.SIGINT)

    cell = clean(notebook, record, "apptainer-interrupted", interrupt)  # type: ignore[arg-type]
    assert cell.error is not None
    assert cell.error["ename"] == "KeyboardInterrupt"


@pytest.mark.parametrize("victim", ["jupyter", "launcher", "Apptainer runtime parent", "casa_desktop.launchers.init"])
def test_nothing_is_left_when_a_part_is_killed(
    user: User, sources: Path, work: Path, container: Container, victim: str
) -> None:
    root = user.home / "own"
    with UserNotebook(user, sources, work, container, CASA_DESKTOP_RUNTIME_DIR=str(root)) as kernel:
        kernel.run("viewer('dirty.image')")
        launcher = psutil.Process(kernel.pid)
        processes = [launcher, *everything_of(user, launcher)]
        if victim == "jupyter":
            kernel.kill()
        else:
            _named(processes, victim).kill()
        psutil.wait_procs(processes[1:], timeout=20)
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert [line_of(each) for each in alive if is_alive(each)] == []
    assert not list(root.rglob("*"))


def everything_of(user: User, launcher: psutil.Process) -> List[psutil.Process]:
    """Return what the launcher has started, Apptainer's own helpers among it."""
    return [each for each in below(launcher.pid) if owner(each) in (user.uid, 0)]


def _named(processes: List[psutil.Process], name: str) -> psutil.Process:
    if name == "launcher":
        return processes[0]
    return next(each for each in processes[1:] if name in " ".join(command(each)[:4]))
