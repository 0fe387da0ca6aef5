"""JupyterHub with users' servers as jobs that run Apptainer's image, by the shipped configuration, on a real Slurm."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Iterator, Tuple
from urllib.parse import quote

import psutil
import pytest
from playwright.sync_api import Browser

from ..support import accounts, living, slurm
from ..support.apptainer import User
from ..support.hub import Hub
from ..support.hub_jobs import PATIENCE, Job, reads
from ..support.sif import Sif, files_of, processes_of
from ..system.test_hub_slurm import DRAW, RECIPE, cancel, use_up_its_memory
from .test_platforms import see_the_desktop

pytestmark = pytest.mark.container

PROFILE = "casa-6.7-small"
# What differs from a cluster: the node's name means nothing to the resolver, and a test can use up the memory.
SPAWNER = f"""
load_subconfig({str(RECIPE)!r})
c = get_config()
c.SlurmSpawner.state_exechost_exp = "127.0.0.1"
c.BatchSpawnerBase.ip = "127.0.0.1"
for profile in c.ProfilesSpawner.profiles:
    profile[3]["req_memory"] = "3G"
"""


@pytest.fixture(scope="module")
def entry(users: Tuple[User, ...]) -> Iterator[list[str]]:
    """The words that run a program where the system knows the users of Apptainer."""
    with accounts.known(users[0].programs.parent) as words:
        yield words


@pytest.fixture(scope="module")
def cluster(users: Tuple[User, ...], entry: list[str]) -> Iterator[slurm.Slurm]:
    # Not in the tests' own folder, which is closed to users.
    with slurm.started(users[0].programs.parent / "slurm", kill_wait=5, enter=entry) as running:
        yield running


@pytest.fixture(scope="module")
def hub(place: Path, users: Tuple[User, ...], sif: Path, cluster: slurm.Slurm, entry: list[str]) -> Iterator[Hub]:
    """A hub with the shipped configuration, whose one environment is the image."""
    folder = place / "hub-of-images"
    folder.mkdir()
    variables = {
        "PATH": f"{users[0].programs}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "CASA_ENVIRONMENTS": f"6.7={sif}",
        **cluster.environment,
    }
    with Hub(folder, variables, spawner=SPAWNER, enter=entry) as running:
        for user in users:
            running.ask(f"users/{quote(user.name)}", "POST", {})
        yield running


@pytest.fixture
def work(ada: Sif, observation: Path) -> Iterator[Path]:
    """A folder of the user's, with the observation. What a job leaves in /tmp, and the next one uses, is removed."""
    folder = ada.user.home / "work"
    shutil.copytree(observation, folder)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, ada.user.uid, ada.user.uid)
    yield folder
    subprocess.run(["rm", "-rf", folder, *files_of(ada.user)], check=True)


@pytest.mark.parametrize(
    ("end", "state", "sentence"),
    [(cancel, "CANCELLED", "it was cancelled"), (use_up_its_memory, "FAILED", "it used more memory")],
)
def test_a_server_in_an_image_shows_its_desktop_and_nothing_runs_when_its_job_has_ended(
    hub: Hub,
    cluster: slurm.Slurm,
    ada: Sif,
    work: Path,
    browser: Browser,
    end: Callable[[Job, slurm.Slurm], None],
    state: str,
    sentence: str,
) -> None:
    user = ada.user
    job = Job(hub, cluster, work, user.name, PROFILE)
    job.run("assert casatools.__file__.startswith('/opt/casa/')")
    job.run(DRAW)
    page = browser.new_context().new_page()
    hub.log_in(page, user.name)
    see_the_desktop(page, job.address)
    page.context.close()
    processes = processes_of(user)
    for program in ("casaviewer", "Xvnc", "apptainer_init"):
        assert living.with_word(processes, program)
    end(job, cluster)
    psutil.wait_procs(processes, timeout=PATIENCE)
    assert [living.line_of(each) for each in processes_of(user)] == []
    job.close()
    cluster.until(job.number, state)
    reads(browser, hub, user.name, sentence, f"(job {job.number})")


def test_a_user_s_name_and_home_may_have_blanks(hub: Hub, cluster: slurm.Slurm, karl: Sif) -> None:
    user = karl.user
    job = Job(hub, cluster, user.home, user.name, PROFILE)
    job.run(f"import os; assert (os.getuid(), os.path.expanduser('~')) == ({user.uid}, {str(user.home)!r})")
    cancel(job, cluster)
    job.close()
    cluster.until(job.number, "CANCELLED")
    psutil.wait_procs(processes_of(user), timeout=PATIENCE)
    assert list(user.home.glob("jupyterhub_slurmspawner_*.log"))
    subprocess.run(["rm", "-rf", *files_of(user)], check=True)
