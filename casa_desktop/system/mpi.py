"""A kernel's processes under MPI: how many, on which machines, by which command, and in which environment.

CASA's casampi has one process with rank 0, here the kernel, and servers with the other ranks. Open MPI's mpirun starts
them.

This module starts nothing. It was tried with Open MPI 4.1.4.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import Dict, List, Mapping, Sequence, Tuple

from ..errors import HostsUnusable, InvalidSetting, MpirunMissing
from .mpi_variables import scrub
from .output import last_words

# One rank is no MPI kernel: casampi wants a server.
FEWEST = 2
# Without --oversubscribe, each rank has a processor. With it, this many share one.
MOST_ON_A_PROCESSOR = 8
# On machines of a hosts file, whose processors are not known here.
MOST = 4096
# In a line that mpirun adds when a rank has not ended as it should; it says nothing about the reason.
NOISE = b"PMIX ERROR: BAD-PARAM"


@dataclass(frozen=True)
class Ranks:
    """What a kernelspec says about the kernel's processes.

    Attributes:
        number: how many there are, the kernel included.
        hosts: the path of Open MPI's hosts file; empty to run all of them on this machine.
        oversubscribed: there may be more of them than processors.
    """

    number: int
    hosts: str = ""
    oversubscribed: bool = False

    def words(self) -> List[str]:
        """Return the arguments by which the launcher of a kernel learns it."""
        words = ["--ranks", str(self.number), *(["--hosts", self.hosts] if self.hosts else [])]
        return [*words, *(["--oversubscribe"] if self.oversubscribed else [])]


def processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0))


def checked(ranks: Ranks, available: int) -> Ranks:
    """Return ``ranks`` if they can be started.

    Args:
        ranks: the kernel's processes.
        available: the processors of this machine.

    Raises:
        InvalidSetting: the number is too small or too large.
        HostsUnusable: the hosts file cannot be read, or names no machine.
    """
    if ranks.hosts:
        _check_hosts(ranks.hosts)
    most = MOST if ranks.hosts else available * (MOST_ON_A_PROCESSOR if ranks.oversubscribed else 1)
    if not FEWEST <= ranks.number <= most:
        raise InvalidSetting("--ranks", ranks.number, _expected(ranks, most, available))
    return ranks


def _expected(ranks: Ranks, most: int, available: int) -> str:
    if ranks.hosts:
        return f"{FEWEST} to {most}"
    said = f"{FEWEST} to {most}" if most > FEWEST else str(FEWEST)
    said = said if most >= FEWEST else "on a machine with more processors"
    remedy = "" if ranks.oversubscribed else "; --oversubscribe allows more, which share processors"
    return f"{said}, because this process may use {available} processor{'s' * (available != 1)}{remedy}"


def _check_hosts(path: str) -> None:
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.partition("#")[0].strip() for line in file]
    except (OSError, UnicodeDecodeError) as error:
        raise HostsUnusable(path, getattr(error, "strerror", None) or "it is no text file") from error
    if not any(lines):
        raise HostsUnusable(path, "it names no machine")


def program(environ: Mapping[str, str]) -> str:
    """Return the path of mpirun.

    Raises:
        MpirunMissing: it is not on PATH.
    """
    path = shutil.which("mpirun", path=environ.get("PATH", os.defpath))
    if path is None:
        raise MpirunMissing(("mpirun",), "openmpi-bin")
    return path


def command(
    mpirun: str, ranks: Ranks, kernel: Sequence[str], server: Sequence[str], *, root: bool, private: bool
) -> Tuple[str, ...]:
    """Return the command line that starts the kernel and its servers.

    Args:
        mpirun: the path of mpirun.
        ranks: the processes.
        kernel: the kernel's own command line.
        server: that of a server.
        root: this process runs as root, which mpirun refuses unless it is told.
        private: nobody else reaches ports of this process's network.
    """
    words = [mpirun, *(["--allow-run-as-root"] if root else []), *_places(ranks, private)]
    # Otherwise mpirun would bind each rank to a processor, and with the kernel all its tools and windows.
    words += ["--bind-to", "none"]
    return (*words, "-n", "1", *kernel, ":", "-n", str(ranks.number - 1), *server)


def _places(ranks: Ranks, private: bool) -> List[str]:
    words = ["--oversubscribe"] if ranks.oversubscribed else []
    if ranks.hosts:
        # The variables of other machines are those of a login there.
        return ["--hostfile", ranks.hosts, "-x", "OMP_NUM_THREADS", *words]
    # Otherwise mpirun would listen on all interfaces, and each rank, too, though on one machine they share memory.
    words += ["--mca", "oob_tcp_if_include", "lo", *([] if private else ["--mca", "btl", "^tcp"])]
    # On this machine the launcher ends the others when one has ended, after it has told the notebook; mpirun would
    # kill all at once. No batch system is asked for machines.
    return ["--enable-recovery", "--host", f"localhost:{ranks.number}", "--mca", "ras", "^slurm,tm,gridengine", *words]


def environment(environ: Mapping[str, str], ranks: Ranks, available: int) -> Dict[str, str]:
    """Return the environment in which mpirun is started.

    Args:
        environ: this process's environment.
        ranks: the processes.
        available: the processors of a machine.
    """
    found = dict(environ)
    scrub(found)
    # Each rank would start as many threads as there are processors.
    found.setdefault("OMP_NUM_THREADS", str(max(1, available // ranks.number)))
    # A rank that waits for others leaves its processor to them.
    found.setdefault("OMPI_MCA_mpi_yield_when_idle", "1")
    # Its search for graphics cards asks the X server, and complains about it.
    found.setdefault("HWLOC_COMPONENTS", "-gl")
    return found


def complaint(said: bytes) -> str:
    """Return the last line that a failed start has printed, without those that mpirun always adds at the end."""
    lines = [line for line in said.splitlines() if NOISE not in line and line.strip(b"- ")]
    return last_words(b"\n".join(lines))
