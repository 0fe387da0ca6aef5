"""A real Slurm of one node, Debian's, without systemd: munged, slurmctld and slurmd of a test's own.

Everything lies in one folder; the daemons listen on ports of loopback that were free. Any user may run it.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Dict, Iterator, List, Sequence

import psutil

from . import living
from .ports import free_ports

# How long a step of a start may take on a busy machine, in seconds; it is waited for by what the daemons print.
PATIENCE = 150.0
# Of jobs that can be cancelled; one that completes ends by itself, and scancel fails for it.
_STATES = ("RUNNING", "PENDING", "SUSPENDED")
_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# Twice so long a job that was requeued waits; less than 5 is not heard.
AuthInfo=socket={folder}/munge.socket,cred_expire=5
# Numbers of its own: a process in a job takes the steps of another Slurm's job with the same number for its own.
FirstJobId={ports[0]}00
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
# No control groups, which a container may not have.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1
ReturnToService=2
KillWait={kill_wait}
SlurmdParameters=config_overrides
NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=40000
PartitionName=main Nodes=ALL Default=YES State=UP MaxTime=INFINITE DefMemPerCPU=1500
# Jobs of the first partition give way to those of the second.
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=urgent Nodes=ALL State=UP MaxTime=INFINITE DefMemPerCPU=1500 PriorityTier=10
"""


class Slurm:
    """A Slurm that runs.

    Attributes:
        environment: the variables by which Slurm's commands find it.
    """

    def __init__(self, environment: Dict[str, str]) -> None:
        self.environment = environment

    def run(self, *words: str) -> str:
        """Run one of Slurm's commands; return what it prints.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        variables = {**os.environ, **self.environment}
        return subprocess.run(words, env=variables, check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout

    def states(self) -> Dict[str, str]:
        """Return the states of all jobs that Slurm remembers, by their ids; each of an array by its own."""
        lines = self.run("squeue", "--noheader", "--states=all", "--array", "--format=%i|%T").splitlines()
        return dict(line.split("|", 1) for line in lines)

    def until(self, name: str, state: str, *, reasoned: bool = False) -> None:
        """Wait until a job is in a state, and, if wanted, until Slurm gives a reason for it."""
        deadline = time.monotonic() + PATIENCE
        # There is no event for that.
        while True:
            told = self.run("squeue", "--noheader", "--states=all", f"--jobs={name}", "--format=%T|%r").strip()
            if told.startswith(f"{state}|") and not (reasoned and told == f"{state}|None"):
                return
            assert time.monotonic() < deadline, told


class _Daemon:
    """A daemon in the foreground, whose printed lines can be waited for.

    All but those for debugging are shown with a test that fails.
    """

    def __init__(self, words: List[str], environment: Dict[str, str]) -> None:
        self._name = words[0]
        self._lines: List[str] = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            words,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._add(line)
            # It must go on to read, whatever becomes of the printed line, or the daemon waits for it.
            with suppress(OSError, ValueError):
                print("" if ": debug" in line else line, end="")
        self._add("")

    def _add(self, line: str) -> None:
        with self._changed:
            self._lines.append(line)
            self._changed.notify_all()

    def wait_for(self, words: str) -> None:
        """Wait until it has printed some words."""
        with self._changed:
            self._changed.wait_for(lambda: self._has(words) or self._lines[-1:] == [""], PATIENCE)
            if not self._has(words):
                raise DaemonFailed(f"{self._name} did not print {words!r}, but:\n{''.join(self._lines)}")

    def _has(self, words: str) -> bool:
        return any(words in line for line in self._lines)

    def end(self) -> None:
        """End it, and wait for that."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()
            self._reader.join()
            assert self.process.stdout is not None
            self.process.stdout.close()


class DaemonFailed(Exception):
    """A daemon of Slurm did not start."""


@contextmanager
def started(folder: Path, kill_wait: int = 30, enter: Sequence[str] = ()) -> Iterator[Slurm]:
    """Start Slurm for the length of a with block; its jobs are killed at the end, and nothing is left.

    Args:
        folder: does not exist, and is removed; its path is short enough for a unix socket's.
        kill_wait: the seconds between SIGTERM and SIGKILL for a job that Slurm ends.
        enter: words before a command line that have it run where the system knows the users of the jobs.
    """
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    environment = {"SLURM_CONF": str(folder / "slurm.conf")}
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        stack.enter_context(_munge(folder))
        controller = _controller(stack, folder, environment, kill_wait, enter)
        node = _Daemon([*enter, _program("slurmd"), "-D", "-N", "node"], environment)
        stack.callback(node.end)
        node.wait_for("slurmd started on")
        controller.wait_for("registered with")
        slurm = Slurm(environment)
        stack.callback(_end_jobs, slurm, node.process)
        yield slurm


def _controller(
    stack: ExitStack, folder: Path, environment: Dict[str, str], kill_wait: int, enter: Sequence[str]
) -> _Daemon:
    """Start slurmctld on ports that are free; it may be that another has taken one meanwhile."""
    while True:
        user = pwd.getpwuid(os.geteuid()).pw_name
        conf = _CONF.format(
            host=socket.gethostname(), ports=free_ports(2), user=user, folder=folder, kill_wait=kill_wait
        )
        (folder / "slurm.conf").write_text(conf)
        # Its jobs' registrations are printed from the first v on.
        controller = _Daemon([*enter, _program("slurmctld"), "-D", "-vvv"], environment)
        try:
            controller.wait_for("Running as primary controller")
        except DaemonFailed as error:
            controller.end()
            if "Address already in use" not in str(error):
                raise
        else:
            stack.callback(controller.end)
            return controller


@contextmanager
def _munge(folder: Path) -> Iterator[None]:
    """Run munged with a key of its own. It is ready when the command ends, and goes on behind."""
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    files = {name: folder / f"munge.{name.split('-')[0]}" for name in ("socket", "pid-file", "log-file", "seed-file")}
    options = [f"--{name}={path}" for name, path in files.items()]
    # Forced, because the folder is private.
    words = [_program("munged"), "--force", f"--key-file={key}", "--num-threads=2", *options]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
    (daemon,) = living.living(int(files["pid-file"].read_text()))
    try:
        yield
    finally:
        daemon.terminate()
        psutil.wait_procs([daemon], timeout=PATIENCE)


def _end_jobs(slurm: Slurm, node: subprocess.Popen[str]) -> None:
    """Kill what jobs have left, which are no children of slurmd's."""
    for words in (["scancel", "--full", "--signal=KILL"], ["scancel"]):
        for job in [name for name, state in slurm.states().items() if state in _STATES]:
            try:
                slurm.run(*words, job)
            except subprocess.CalledProcessError:
                # It fails for a job that has ended, or begun to end, since it was read which there are.
                if slurm.states().get(job) in _STATES:
                    raise
    steps = [each for each in psutil.process_iter() if living.name_of(each) == "slurmstepd"]
    spool = slurm.environment["SLURM_CONF"]
    own = [each for each in steps if living.variables(each).get("SLURM_CONF") == spool]
    psutil.wait_procs([*own, *(below for each in own for below in living.below(each.pid))], timeout=PATIENCE)


def _program(name: str) -> str:
    """Return the path of a daemon, which Debian has where only root looks."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    assert found, f"{name} is not installed: 'make debian-test' does that"
    return found
