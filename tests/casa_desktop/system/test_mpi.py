from __future__ import annotations

from pathlib import Path

import pytest

from casa_desktop.errors import HostsUnusable, InvalidSetting, MpirunMissing
from casa_desktop.system import mpi
from casa_desktop.system.mpi import Ranks


@pytest.mark.parametrize(
    ("ranks", "said"),
    [
        (Ranks(0), "--ranks is 0, but should be 2 to 4, because this process may use 4 processors; --oversubscribe"),
        (Ranks(1), "--ranks is 1, but should be 2 to 4"),
        (Ranks(-3), "--ranks is -3"),
        (Ranks(5), "--ranks is 5, but should be 2 to 4"),
        (Ranks(1000), "--ranks is 1000, but should be 2 to 4"),
        (Ranks(1000, oversubscribed=True), "should be 2 to 32, because this process may use 4 processors."),
    ],
)
def test_a_number_of_ranks_that_does_not_fit_the_machine_is_refused(ranks: Ranks, said: str) -> None:
    with pytest.raises(InvalidSetting) as error:
        mpi.checked(ranks, 4)
    assert said in str(error.value)


def test_on_one_processor_ranks_must_share_it() -> None:
    with pytest.raises(InvalidSetting, match="with more processors, because this process may use 1 processor;"):
        mpi.checked(Ranks(2), 1)
    assert mpi.checked(Ranks(2, oversubscribed=True), 1).number == 2


@pytest.mark.parametrize(("content", "said"), [(None, "No such file"), ("# mine\n\n", "names no machine")])
def test_a_hosts_file_must_be_there_and_name_machines(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "hosts"
    if content is not None:
        path.write_text(content)
    with pytest.raises(HostsUnusable, match=said):
        mpi.checked(Ranks(8, str(path)), 2)
    path.write_text("node1 slots=4\nnode2 slots=4\n")
    assert mpi.checked(Ranks(8, str(path)), 2).number == 8


def test_no_mpirun_is_told_with_the_package_that_has_it(tmp_path: Path) -> None:
    with pytest.raises(MpirunMissing, match="apt install openmpi-bin"):
        mpi.program({"PATH": str(tmp_path)})


def test_the_kernel_is_rank_0_and_root_and_sharing_are_only_allowed_when_asked() -> None:
    words = mpi.command("mpirun", Ranks(4), ["kernel"], ["server"], root=False, private=True)
    assert words[-7:] == ("-n", "1", "kernel", ":", "-n", "3", "server")
    assert not {"--allow-run-as-root", "--oversubscribe", "--hostfile"} & set(words)
    words = mpi.command("mpirun", Ranks(4, "hosts", True), ["kernel"], ["server"], root=True, private=False)
    assert {"--allow-run-as-root", "--oversubscribe", "--hostfile"} <= set(words)
    # Ranks on one machine listen nowhere that others reach; those on several must.
    assert "^tcp" in mpi.command("mpirun", Ranks(4), ["kernel"], ["server"], root=False, private=False)
    assert "^tcp" not in words
    # Only the launcher of the same machine notices the end of each rank by itself.
    assert "--enable-recovery" not in words


def test_each_rank_gets_its_part_of_the_processors_unless_the_user_says_otherwise() -> None:
    assert mpi.environment({}, Ranks(4), 16)["OMP_NUM_THREADS"] == "4"
    assert mpi.environment({}, Ranks(4), 2)["OMP_NUM_THREADS"] == "1"
    assert mpi.environment({"OMP_NUM_THREADS": "3"}, Ranks(4), 16)["OMP_NUM_THREADS"] == "3"
    assert "OMPI_COMM_WORLD_RANK" not in mpi.environment({"OMPI_COMM_WORLD_RANK": "1"}, Ranks(4), 16)
