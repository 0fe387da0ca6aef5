"""JupyterHub with users' servers as jobs, by the shipped configuration, on a real Slurm; each user is this one."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, Iterator
from urllib.parse import urlsplit

import psutil
import pytest
import websocket
from playwright.sync_api import Browser, expect

from ..support import living, slurm
from ..support.hub import Hub
from ..support.lab import ask

RECIPE = Path(__file__).resolve().parents[2] / "jupyter_config" / "hub" / "slurm" / "jupyterhub_config.py"
USER = pwd.getpwuid(os.geteuid()).pw_name
# How long a start or an end may take on a busy machine, in seconds; it is waited for.
PATIENCE = 150.0
# What differs from a cluster: the node's name means nothing to the resolver, the user's home is not the account's, and
# a test can use up the memory.
SPAWNER = f"""
load_subconfig({str(RECIPE)!r})
c = get_config()
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


class Job:
    """A user's server, a kernel of CASA in it, and a viewer on the desktop."""

    def __init__(self, hub: Hub, cluster: slurm.Slurm, folder: Path) -> None:
        before = set(cluster.states())
        self.address = hub.start_server(USER, profile="casa-6.7-small")
        (self.number,) = set(cluster.states()) - before
        self.token = hub.token(USER)
        made = ask(f"{self.address}api/kernels", self.token, "POST", {"name": "casa"})
        place = urlsplit(self.address)
        self._socket = websocket.create_connection(
            f"ws://{place.netloc}{place.path}api/kernels/{made['id']}/channels",
            header=[f"Authorization: token {self.token}"],
            timeout=PATIENCE,
        )
        self.run(f"import os; os.chdir({str(folder)!r})")

    def send(self, code: str) -> None:
        """Have the kernel run some code."""
        header = {"msg_id": "1", "msg_type": "execute_request", "version": "5.3", "username": "", "session": "1"}
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self._socket.send(json.dumps(message))

    def run(self, code: str) -> None:
        """Have it run some code to the end."""
        self.send(code)
        while True:
            message = json.loads(self._socket.recv())
            if message["msg_type"] == "execute_reply":
                assert message["content"]["status"] == "ok", message
                return

    def close(self) -> None:
        self._socket.close()


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
    job = Job(hub, cluster, observation)
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
    page = browser.new_context().new_page()
    hub.log_in(page, USER)
    page.goto(f"{hub.url}hub/home")
    page.goto(f"{hub.url}hub/spawn/{USER}")
    expect(page.get_by_text(sentence)).to_be_visible()
    expect(page.get_by_text(f"(job {job.number})")).to_be_visible()
    page.context.close()


def test_a_server_that_dies_at_its_start_is_told_of_before_the_hub_gives_up(
    hub: Hub, cluster: slurm.Slurm, environment: Dict[str, str]
) -> None:
    settings = Path(environment["JUPYTER_CONFIG_DIR"], "jupyter_server_config.py")
    settings.parent.mkdir(exist_ok=True)
    settings.write_text("raise SystemExit('a mistake of the user')")
    try:
        with pytest.raises(AssertionError, match="has ended: its server failed; its last words are in /"):
            hub.start_server(USER, profile="casa-6.7-small")
    finally:
        settings.unlink()
    assert set(cluster.states().values()) <= {"CANCELLED", "TIMEOUT", "FAILED", "PREEMPTED", "NODE_FAIL", "COMPLETED"}
    assert [living.line_of(each) for each in living.with_variable("HOME", str(hub.folder))] == []
