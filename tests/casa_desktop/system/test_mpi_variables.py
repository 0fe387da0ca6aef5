from __future__ import annotations

import pytest

from casa_desktop.system import mpi_variables

OF_A_RANK = (
    "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_UNIVERSE_SIZE", "OMPI_MCA_orte_hnp_uri", "OMPI_MCA_ess",
    "OMPI_MCA_pmix", "OMPI_MCA_initial_wdir", "OMPI_MCA_mpi_oversubscribe", "PMIX_RANK", "PMIX_SERVER_URI4",
    "PMIX_NAMESPACE", "PMI_RANK", "PMI2_FD", "PRTE_LAUNCHED", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_STEP_ID",
    "SLURM_STEPID", "SLURM_STEP_NODELIST", "SLURM_TASK_PID", "SLURM_GTIDS", "SLURM_SRUN_COMM_PORT",
    "SLURM_LAUNCH_NODE_IPADDR", "MPI_LOCALRANKID",
)  # fmt: skip
OTHERS = (
    "OMPI_MCA_btl", "OMPI_MCA_mpi_yield_when_idle", "PMIX_MCA_gds", "SLURM_JOB_ID", "SLURM_JOBID",
    "SLURM_JOB_NODELIST", "SLURM_CPUS_ON_NODE", "SLURM_NTASKS", "MPIR_HOME", "OMP_NUM_THREADS", "PATH",
)  # fmt: skip


def test_what_a_launcher_tells_a_rank_is_removed_and_users_settings_and_jobs_stay() -> None:
    environ = dict.fromkeys((*OF_A_RANK, *OTHERS), "1")
    mpi_variables.scrub(environ)
    assert tuple(environ) == OTHERS


@pytest.mark.parametrize(
    ("environ", "rank"),
    [
        ({"OMPI_COMM_WORLD_RANK": "3"}, 3),
        ({"PMIX_RANK": "0"}, 0),
        ({"OMPI_COMM_WORLD_RANK": "1", "PMIX_RANK": "2"}, 1),
        ({"PMIX_RANK": "node"}, None),
        ({}, None),
    ],
)
def test_casampi_finds_the_rank_under_srun_too(environ: dict[str, str], rank: int | None) -> None:
    assert mpi_variables.rank(environ) == rank
    assert rank is None or environ["OMPI_COMM_WORLD_RANK"] == str(rank)
