"""JupyterHub with users' servers as jobs, by the shipped configuration, on a real Slurm; each user is this one."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Dict, Iterator

import psutil
import pytest
from playwright.sync_api import Browser

from ..support import living, slurm
from ..support.hub import Hub
from ..support.hub_jobs import PATIENCE, Job, reads

RECIPE = Path(__file__).resolve().parents[2] / "jupyter_config" / "hub" / "slurm" / "jupyterhub_config.py"
USER = pwd.getpwuid(os.geteuid()).pw_name
PROFILE = "casa-6.7-small"
# What differs from a cluster: the node's name means nothing to the resolver, the user's home is not the account's, a
# test can use up the memory, and no job begins with a login shell, because the account's profile may take a minute.
SPAWNER = f"""
import re
from batchspawner import SlurmSpawner
load_subconfig({str(RECIPE)!r})
c = get_config()
script = SlurmSpawner.batch_script.default_value.replace("#SBATCH --get-user-env=L\\n", "")
c.SlurmSpawner.batch_script = re.sub("--export=.*", "--export=ALL", script)
c.SlurmSpawner.state_exechost_exp = "127.0.0.1"
c.SlurmSpawner.req_prologue += "\\nexport HOME='{{folder}}'"
c.BatchSpawnerBase.ip = "127.0.0.1"
for profile in c.ProfilesSpawner.profiles:
    profile[3].update(req_memory="3G", req_homedir="{{folder}}")
"""
DRAW = "viewer('dirty.image', gui=True)"
GREEDY = "hoard = bytearray(4 << 30)"


@pytest.fixture(scope="module")
def cluster(place: Path) -> Iterator[slurm.Slurm]:
    with slurm.started(place / "slurm", kill_wait=5) as running:
        yield running


@pytest.fixture(scope="module")
def hub(place: Path, environment: Dict[str, str], cluster: slurm.Slurm) -> Iterator[Hub]:
    """A hub with the shipped configuration."""
    folder = place / "hub-of-jobs"
    folder.mkdir()
    variables = {**environment, **cluster.environment, "CASA_ENVIRONMENTS": f"6.7={sys.prefix}"}
    with Hub(folder, variables, spawner=SPAWNER) as running:
        running.ask(f"users/{USER}", "POST", {})
        yield running


def cancel(job: Job, cluster: slurm.Slurm) -> None:
    cluster.run("scancel", job.number)


def take_its_time_away(job: Job, cluster: slurm.Slurm) -> None:
    cluster.run("scontrol", "update", f"jobid={job.number}", "timelimit=0:01")


def use_up_its_memory(job: Job, _cluster: slurm.Slurm) -> None:
    job.send(GREEDY)


def need_its_place(_job: Job, cluster: slurm.Slurm) -> None:
    # It wants the whole node.
    cluster.run("sbatch", "--partition=urgent", "--exclusive", "--time=1", "--output=/dev/null", "--wrap=true")


def let_its_node_fail(_job: Job, cluster: slurm.Slurm) -> None:
    # As the controller does with a node that has not answered for five minutes.
    cluster.run("scontrol", "update", "nodename=node", "state=down", "reason=test")
    # It may have come back by itself.
    with suppress(subprocess.CalledProcessError):
        cluster.run("scontrol", "update", "nodename=node", "state=resume")


@pytest.mark.parametrize(
    ("end", "state", "sentence"),
    [
        (cancel, "CANCELLED", "it was cancelled"),
        (take_its_time_away, "TIMEOUT", "its time was over"),
        (use_up_its_memory, "FAILED", "it used more memory"),
        (need_its_place, "PREEMPTED", "Slurm gave its place to a job of higher priority"),
        (let_its_node_fail, "NODE_FAIL", "its node node failed"),
    ],
)
def test_nothing_is_left_of_a_job_that_ends_and_the_user_reads_why(
    hub: Hub,
    cluster: slurm.Slurm,
    observation: Path,
    browser: Browser,
    end: Callable[[Job, slurm.Slurm], None],
    state: str,
    sentence: str,
    pytestconfig: pytest.Config,
) -> None:
    if state == "TIMEOUT" and not pytestconfig.getoption("--long"):
        pytest.skip("Slurm's limits are whole minutes; --long waits for one")
    job = Job(hub, cluster, observation, USER, PROFILE)
    job.run(DRAW)
    processes = living.with_variable("HOME", str(hub.folder))
    assert living.with_word(processes, "casaviewer")
    assert living.with_word(processes, "Xvnc")
    end(job, cluster)
    psutil.wait_procs(processes, timeout=PATIENCE)
    assert [living.line_of(each) for each in living.with_variable("HOME", str(hub.folder))] == []
    job.close()
    # It goes on to be ended for a moment.
    cluster.until(job.number, state)
    reads(browser, hub, USER, sentence, f"(job {job.number})")


def test_a_server_that_dies_at_its_start_is_told_of_before_the_hub_gives_up(
    hub: Hub, cluster: slurm.Slurm, environment: Dict[str, str]
) -> None:
    settings = Path(environment["JUPYTER_CONFIG_DIR"], "jupyter_server_config.py")
    settings.parent.mkdir(exist_ok=True)
    settings.write_text("raise SystemExit('a mistake of the user')")
    try:
        with pytest.raises(AssertionError, match="has ended: its server failed; its last words are in /"):
            hub.start_server(USER, profile=PROFILE)
    finally:
        settings.unlink()
    assert set(cluster.states().values()) <= {"CANCELLED", "TIMEOUT", "FAILED", "PREEMPTED", "NODE_FAIL", "COMPLETED"}
    assert [living.line_of(each) for each in living.with_variable("HOME", str(hub.folder))] == []


def _server(hub: Hub) -> Any:
    """Return what the hub knows of the user's server; nothing if it has none."""
    return hub.ask(f"users/{USER}")["servers"].get("", {})


def _begun(hub: Hub, cluster: slurm.Slurm, *, starting: bool) -> str:
    """Begin to start a server; return its job when the hub knows of it, and, if wanted, where the server will be."""
    before = set(cluster.states())
    hub.ask(f"users/{USER}/server", "POST", {"profile": PROFILE})
    # There is no event for that.
    while True:
        state = _server(hub).get("state", {}).get("child_state", {})
        if "job_id" in state and bool(state.get("starting")) == starting:
            break
    (number,) = set(cluster.states()) - before
    return number


def _restarted(hub: Hub, number: int) -> None:
    hub.stop(number)
    hub.start()


def test_a_server_in_a_job_survives_a_restart_of_the_hub_with_its_kernel_and_its_windows(
    hub: Hub, cluster: slurm.Slurm, observation: Path
) -> None:
    job = Job(hub, cluster, observation, USER, PROFILE)
    job.run("x = 7")
    job.run(DRAW)
    viewers = living.with_word(living.with_variable("HOME", str(hub.folder)), "casaviewer")
    job.close()
    _restarted(hub, signal.SIGTERM)
    while not _server(hub).get("ready"):
        pass
    job.connect()
    job.run("assert x == 7")
    job.close()
    assert viewers
    assert all(living.is_alive(each) for each in viewers)
    hub.ask(f"users/{USER}/server", "DELETE")
    cluster.until(job.number, "CANCELLED")


def test_a_job_that_waits_when_the_hub_ends_is_cancelled_by_the_next_one_and_the_user_reads_why(
    hub: Hub, cluster: slurm.Slurm, browser: Browser
) -> None:
    cluster.run("scontrol", "update", "partitionname=main", "state=down")
    try:
        number = _begun(hub, cluster, starting=True)
        _restarted(hub, signal.SIGKILL)
        cluster.until(number, "CANCELLED")
        while _server(hub):
            pass
        reads(browser, hub, USER, f"(job {number}) has ended: the hub was restarted while it was starting")
    finally:
        cluster.run("scontrol", "update", "partitionname=main", "state=up")
    hub.start_server(USER, profile=PROFILE)
    hub.ask(f"users/{USER}/server", "DELETE")


def test_a_server_that_is_about_to_answer_when_the_hub_ends_is_found_by_the_next_one(
    hub: Hub, cluster: slurm.Slurm, environment: Dict[str, str]
) -> None:
    settings = Path(environment["JUPYTER_CONFIG_DIR"], "jupyter_server_config.py")
    settings.parent.mkdir(exist_ok=True)
    gate = hub.folder / "gate"
    os.mkfifo(gate)
    # It reads until there is a writer, and that has gone.
    settings.write_text(f"open({str(gate)!r}).read()")
    try:
        number = _begun(hub, cluster, starting=False)
        _restarted(hub, signal.SIGKILL)
        # It waits for the reader, for ever if there will be none.
        gate.open("w").close()
    finally:
        settings.unlink()
    while not _server(hub).get("ready"):
        pass
    assert cluster.states()[number] == "RUNNING"
    hub.ask(f"users/{USER}/server", "DELETE")
    cluster.until(number, "CANCELLED")
