"""The variables by which a process under MPI learns its rank, and which others must not inherit.

Open MPI's mpirun, Slurm's srun and others tell each process that they start its rank by variables of the environment. A
process that inherits these variables from another MPI program would take itself for one of that program's ranks.
"""

from __future__ import annotations

import re
from typing import Iterable, List, MutableMapping, Optional

_PREFIXES = ("OMPI_", "PMI", "PRTE_", "HYDRA_", "MPIEXEC_", "MPI_LOCAL", "SLURM_")
# Open MPI's own settings, which users may set, as for a network of InfiniBand; but for those that mpirun sets.
_SETTINGS = r"(OMPI_MCA|PRTE_MCA|PMIX_MCA)_(?!orte_|ess|pmix|initial_|mpi_oversubscribe|shmem_RUNTIME)\w+"
# What mpirun, srun and other launchers tell each process about itself. A job's own variables, as SLURM_JOB_ID, stay.
_OF_A_RANK = (
    r"(OMPI|PRTE|HYDRA|MPIEXEC)_\w+|PMI(X|2)?(_\w+)?|MPI_LOCAL\w+|"
    r"SLURM_(STEP\w*|PROCID|LOCALID|NODEID|TASK_PID|GTIDS|SRUN_\w+|LAUNCH_\w+|PMIX\w*|MPI_TYPE)"
)
_RANK, _RANK_OF_PMIX = "OMPI_COMM_WORLD_RANK", "PMIX_RANK"


def scrub(environ: MutableMapping[str, str]) -> None:
    """Remove what an MPI program or a launcher has told one of its processes about itself."""
    for name in of_a_rank(environ):
        del environ[name]


def of_a_rank(names: Iterable[str]) -> List[str]:
    """Return those names of variables by which a launcher tells a process its rank."""
    found = [name for name in names if name.startswith(_PREFIXES)]
    # The patterns are compiled only where there is something to compare: each kernel looks here when it starts.
    return [name for name in found if re.fullmatch(_OF_A_RANK, name) and not re.fullmatch(_SETTINGS, name)]


def rank(environ: MutableMapping[str, str]) -> Optional[int]:
    """Return this process's rank, and make sure that casampi finds it; None if there is none.

    casampi knows only the variable of Open MPI's mpirun. Slurm's srun sets that of PMIx instead.
    """
    said = environ.get(_RANK) or environ.get(_RANK_OF_PMIX) or ""
    if not said.isdigit():
        return None
    environ[_RANK] = said
    return int(said)
