"""JupyterHub on a cluster: each user's server is a job of Slurm's, with a profile for each version of CASA.

It needs batchspawner and wrapspawner beside JupyterHub, and batchspawner in each environment of CASA, too. The hub
runs as root on a machine from which jobs are submitted, and all nodes see the users' homes and the environments. In
the place of an environment there may be Apptainer's image of casa-desktop, which has all that a server needs.

Copy it and change what is in capital letters; or set these variables in the hub's own environment:

    CASA_ENVIRONMENTS   names, and folders of Python environments or images: "6.7=/opt/casa-6.7 6.6=/opt/casa-6.6.sif"
    CASA_APPTAINER      what runs an image, with the folders that users see beside their homes:
                        "apptainer run --bind /data"
    CASA_PARTITION      the partition of the jobs; empty: Slurm's default one
"""

import asyncio
import html
import os
import re
import shlex

import batchspawner  # noqa: F401  its handler takes the ports that servers have found
from batchspawner import SlurmSpawner
from jupyterhub.utils import wait_for_server
from tornado.web import HTTPError
from traitlets import default
from wrapspawner import ProfilesSpawner

ENVIRONMENTS = dict(
    pair.split("=", 1) for pair in os.environ.get("CASA_ENVIRONMENTS", "6.7=/opt/casa-6.7 6.6=/opt/casa-6.6").split()
)
APPTAINER = os.environ.get("CASA_APPTAINER", "apptainer run")
PARTITION = os.environ.get("CASA_PARTITION", "")
# Name, processors, memory, time.
SIZES = (
    ("small", 2, "8G", "8:00:00"),
    ("large", 16, "64G", "2-00:00:00"),
)
# What a user is told of a job that has ended, by Slurm's word for its state.
ENDS = {
    "TIMEOUT": "its time was over (it had {TimeLimit})",
    "OUT_OF_MEMORY": "it used more memory than its profile has",
    "CANCELLED": "it was cancelled",
    "PREEMPTED": "Slurm gave its place to a job of higher priority",
    "NODE_FAIL": "its node {NodeList} failed",
    "FAILED": "its server failed; its last words are in {StdOut}",
}
# Without control groups, Slurm says only in the job's output that memory was lacking.
NO_MEMORY = re.compile("exceeded memory limit|oom.kill|out of memory", re.IGNORECASE)

# What a user is told of a job that waited or started when the hub ended: the next hub cannot take its server over, for
# the job tells its address only once, and its secret is known to the hub that has made it.
INTERRUPTED = "Your last server (job {}) has ended: the hub was restarted while it was starting."
UNKNOWN_END = "Your server's job {} has ended before the server answered; its last words are in your home folder."
START_POLL_SECONDS = 5

c = get_config()  # noqa: F821

# Why the last job of each server has ended, by user and server.
ended = {}


class CasaJob(SlurmSpawner):
    """A server in a job; it remembers why Slurm has ended it."""

    submitted = ""
    # Whether the job is submitted, and its server's address not known yet; and whether that holds for an earlier hub's.
    starting = interrupted = False

    @default("req_username")
    def _req_username_default(self):
        """Return the user's name for a shell, which runs the commands; directory services have names with blanks."""
        return shlex.quote(self.user.name)

    @default("req_homedir")
    def _req_homedir_default(self):
        """Return the user's home for sbatch, which reads words in quotes."""
        return shlex.quote(super()._req_homedir_default())

    async def submit_batch_script(self):
        """Submit the job; return its number, or nothing."""
        self.submitted = await super().submit_batch_script()
        self.starting = True
        self.save()
        return self.submitted

    def save(self):
        """Keep what the next hub must know, should this one end now; JupyterHub does so only when a start is over."""
        server = self.user.spawners[self.name]
        server.orm_spawner.state = server.get_state()
        self.db.commit()

    def get_state(self):
        """Return what the next hub must know."""
        state = super().get_state()
        return {**state, "starting": True} if self.starting else state

    def load_state(self, state):
        """Take over what an earlier hub has known."""
        super().load_state(state)
        self.interrupted = bool(state.get("starting"))

    def clear_state(self):
        """Forget the job."""
        super().clear_state()
        self.starting = self.interrupted = False

    async def start(self):
        """Submit the job; return the server's address once it listens there.

        Raises:
            HTTPError: the job has ended before.
        """
        ended.pop((self.user.name, self.name), None)
        self.submitted = ""
        starting = asyncio.ensure_future(self.listening())
        try:
            # Slurm has no event for the end of a job.
            while not (await asyncio.wait([starting], timeout=START_POLL_SECONDS))[0]:
                if self.submitted and await self.poll() is not None:
                    raise await self.failure()
            return await starting
        except RuntimeError as error:
            # It ended before it was seen to run.
            if not self.submitted:
                raise
            raise await self.failure() from error
        finally:
            starting.cancel()

    async def listening(self):
        """Submit the job, and wait until its server listens; the server tells its address before it starts."""
        address = await super().start()
        self.starting = False
        server = self.user.spawners[self.name].server
        server.ip, server.port = address
        self.save()
        await wait_for_server(*address, timeout=self.start_timeout)
        return address

    async def failure(self):
        """Return an error whose sentence the hub's page shows."""
        self.remember(self.submitted, await self.report(self.submitted))
        error = HTTPError(500, "the job has ended")
        error.jupyterhub_message = ended.get((self.user.name, self.name), UNKNOWN_END.format(self.submitted))
        return error

    async def poll(self):
        """Return None while the job waits or runs."""
        job = self.job_id
        status = await super().poll()
        # While Slurm does not answer, the job cannot be cancelled.
        if status is None and self.interrupted and not self.state_isunknown():
            await self.cancel_batch_job()
            ended[self.user.name, self.name] = INTERRUPTED.format(job)
            self.clear_state()
            return 1
        if status is not None and job:
            self.remember(job, await self.report(job))
        return status

    async def report(self, job):
        """Return what Slurm knows of a job: values by their names; none if it has forgotten it."""
        values = dict(re.findall(r"(\w+)=(\S+)", await self.ask(f"scontrol show job --oneliner {job}")))
        if values.get("JobState") == "FAILED":
            last = await self.ask(f"tail -c 4000 {shlex.quote(values.get('StdOut', ''))}")
            if NO_MEMORY.search(last):
                values["JobState"] = "OUT_OF_MEMORY"
        return values

    async def ask(self, command):
        """Return what a command of the user's prints; nothing if it fails."""
        prefix = self.exec_prefix.format(username=shlex.quote(self.user.name))
        try:
            return await self.run_command(f"{prefix} {command}", env=self.get_env())
        except RuntimeError:
            return ""

    def remember(self, job, values):
        """Keep a sentence for the user, if there is something to tell."""
        sentence = ENDS.get(values.get("JobState", ""))
        if sentence:
            ended[self.user.name, self.name] = f"Your last server (job {job}) has ended: {sentence.format(**values)}."


class CasaProfiles(ProfilesSpawner):
    """Offers the profiles, and tells why the last server has ended."""

    async def get_options_form(self):
        """Return the form that a user sees before a start."""
        told = ended.get((self.user.name, self.name), "")
        note = f'<p class="alert alert-warning" role="status">{html.escape(told)}</p>' if told else ""
        return note + await super().get_options_form()


def commands(place):
    """Return what starts batchspawner's program and the server in an environment, or in an image of Apptainer's."""
    if place.endswith(".sif"):
        return f"{APPTAINER} {place} batchspawner-singleuser", "jupyterhub-singleuser"
    return f"{place}/bin/batchspawner-singleuser", f"{place}/bin/jupyterhub-singleuser"


def profiles():
    """Yield a profile for each environment and size."""
    for name, place in ENVIRONMENTS.items():
        wrapper, server = commands(place)
        for size, processors, memory, time in SIZES:
            settings = {
                "cmd": [server],
                "batchspawner_singleuser_cmd": wrapper,
                "req_nprocs": str(processors),
                "req_memory": memory,
                "req_runtime": time,
                "req_partition": PARTITION,
            }
            title = f"CASA {name}, {size}: {processors} processors, {memory}, {time}"
            yield (title, f"casa-{name}-{size}", CasaJob, settings)


c.JupyterHub.spawner_class = CasaProfiles
# Servers survive a restart of the hub.
c.JupyterHub.cleanup_servers = False
c.ProfilesSpawner.profiles = list(profiles())
# The hub is root; one that is not needs a rule of sudo's and "sudo -E -u {username}".
c.BatchSpawnerBase.exec_prefix = "runuser -u {username} --"
# Logins own the user's runtime directory, and it goes with the last of them; a job is no login.
c.SlurmSpawner.req_prologue = "unset XDG_RUNTIME_DIR"
# In the batch step itself: of a step that ends Slurm tells no reason, and srun cannot be used within it.
c.SlurmSpawner.req_srun = ""
# A job that is taken off its node must end: Slurm would put it back into the queue, and the hub would go on sending its
# user to where the server was.
c.SlurmSpawner.req_options = "--no-requeue"
# The environments lie on a file system of the network, from which JupyterLab may be slow to start.
c.Spawner.http_timeout = 180
# How soon the hub notices that a job has ended, in seconds.
c.Spawner.poll_interval = 10
c.Spawner.default_url = "/lab"
