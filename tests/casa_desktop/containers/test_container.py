from __future__ import annotations

import json
from typing import Any

import pytest

from casa_desktop.containers.container import (
    Container,
    kernel_argv,
    passed_environment,
    remove_command,
    run_command,
)
from casa_desktop.containers.engines import Place
from casa_desktop.errors import ContainerFailed, InvalidContainer
from casa_desktop.system.pythonpath import module

INNER = ("python", "-m", "casa_desktop.launchers.init", "/run/user/7/casa-desktop/.kernels/a/outside.sock")


def place(**changes: Any) -> Place:
    usual = {
        "folders": ("/home/ann", "/home/ann/work", "/run/user/7/casa-desktop", "/tmp/.X11-unix"),
        "cwd": "/home/ann/work",
        "home": "/home/ann",
        "uid": 7,
        "gid": 8,
        "groups": (9,),
        "hostname": "alma",
        "environ": {"PATH": "/bin", "HOME": "/home/ann", "CASA_DESKTOP_NAME": "m31", "PYTHONPATH": "/x", "TZ": "UTC"},
    }
    return Place(**{**usual, **changes})


@pytest.mark.parametrize(
    "container",
    [
        Container("bwrap"),
        Container("podman", "casa:6.7", ("/data:/data:ro",), "host", ("--gpus=all",), "/opt/casa/bin/python"),
    ],
)
def test_a_container_survives_json(container: Container) -> None:
    assert Container.from_dict(json.loads(json.dumps(container.as_dict()))) == container


def test_what_is_as_usual_is_not_written_down() -> None:
    assert Container("podman", "casa").as_dict() == {"engine": "podman", "image": "casa"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"engine": "lxc", "image": "a"}, "engine"),
        ({"engine": "podman"}, "image"),
        ({"engine": "bwrap", "image": "a"}, "image"),
        ({"engine": "podman", "image": "--privileged"}, "image"),
        ({"engine": "podman", "image": 7}, "image"),
        ({"engine": "podman", "image": "a", "binds": ["data"]}, "binds"),
        ({"engine": "podman", "image": "a", "binds": "/data"}, "binds"),
        ({"engine": "podman", "image": "a", "options": [7]}, "options"),
        ({"engine": "podman", "image": "a", "python": ""}, "python"),
        ({"engine": "podman", "image": "a", "colour": "red"}, "colour"),
        ({"image": "a"}, "container"),
        ([], "container"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused_by_its_field(given: Any, field: str) -> None:
    with pytest.raises(InvalidContainer) as caught:
        Container.from_dict(given)
    assert caught.value.field == field


def test_a_kernelspec_starts_the_container_with_this_python() -> None:
    argv = kernel_argv("/opt/lab/bin/python", Container("bwrap"), ["--nologfile"])
    assert argv == [
        *("/opt/lab/bin/python", *module("casa_desktop.launchers.kernel"), "-f", "{connection_file}"),
        *("--container", '{"engine": "bwrap"}', "--", "--nologfile"),
    ]


def test_the_environment_of_casa_and_mpi_goes_along_and_the_hosts_python_does_not() -> None:
    passed = ["CASASITECONFIG", "CASA_DESKTOP_NAME", "JPY_SESSION_NAME", "OMPI_COMM_WORLD_RANK", "PMIX_RANK"]
    passed += ["MPI_ROOT", "SLURM_JOB_ID", "LC_ALL", "LANG", "TZ", "OMP_NUM_THREADS", "https_proxy"]
    kept = ["PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "HOME", "XDG_RUNTIME_DIR"]
    kept += ["JPY_PARENT_PID", "CASAPATH", "DISPLAY"]
    assert sorted(passed_environment(dict.fromkeys(passed + kept, "x"))) == sorted(passed)


@pytest.mark.parametrize("engine", ["podman", "docker"])
def test_podman_and_docker_get_folders_once_and_variables_by_name(engine: str) -> None:
    container = Container(engine, "casa:6.7", binds=("/data:/mnt:ro",), options=("--gpus=all",))
    command = run_command(container, INNER, place=place(), name="kernel-a")
    argv = list(command.argv)
    assert argv[:4] == [engine, "run", "--rm", "--name=kernel-a"]
    assert [each for each in argv if each.startswith("--volume")] == [
        "--volume=/home/ann:/home/ann",
        "--volume=/run/user/7/casa-desktop:/run/user/7/casa-desktop",
        "--volume=/tmp/.X11-unix:/tmp/.X11-unix",
        "--volume=/data:/mnt:ro",
    ]
    assert [each for each in argv if each.startswith("--env")] == ["--env=CASA_DESKTOP_NAME", "--env=HOME", "--env=TZ"]
    assert argv[argv.index("--gpus=all") :] == ["--gpus=all", "--entrypoint=python", "casa:6.7", *INNER[1:]]
    assert {"--ipc=host", "--no-healthcheck", "--workdir=/home/ann/work", "--pull=never", "--hostname=alma"} <= set(
        argv
    )
    assert not [each for each in argv if each.startswith("--network")]
    assert command.env["CASA_DESKTOP_NAME"] == "m31"


@pytest.mark.parametrize("engine", ["podman", "docker"])
def test_what_is_left_of_a_killed_container_is_removed_by_its_name(engine: str) -> None:
    command = remove_command(Container(engine, "casa"), name="a", environ={"HOME": "/home/ann"})
    assert command is not None
    assert command.argv == (engine, "rm", "--force", "a")
    assert remove_command(Container("bwrap"), name="a", environ={}) is None


@pytest.mark.parametrize(
    ("engine", "uid", "words"),
    [
        ("podman", 7, ["--userns=keep-id", "--user=7:8"]),
        ("podman", 0, ["--user=0:8", "--group-add=9"]),
        ("docker", 7, ["--user=7:8", "--group-add=9"]),
    ],
)
def test_a_user_stays_himself_inside(engine: str, uid: int, words: list[str]) -> None:
    argv = run_command(Container(engine, "casa"), INNER, place=place(uid=uid), name="a").argv
    assert [each for each in argv if each.startswith(("--user", "--group"))] == words


def test_apptainer_cleans_the_environment_and_is_told_by_prefix() -> None:
    container = Container("apptainer", "/images/casa.sif", options=("--nv",))
    command = run_command(container, INNER, place=place(), name="a")
    assert command.argv == (
        *("apptainer", "--quiet", "exec", "--cleanenv", "--pwd=/home/ann/work", "--home=/home/ann"),
        *("--bind=/run/user/7/casa-desktop:/run/user/7/casa-desktop", "--bind=/tmp/.X11-unix:/tmp/.X11-unix"),
        *("--pid", "--nv", "/images/casa.sif", *INNER),
    )
    assert command.env["APPTAINERENV_CASA_DESKTOP_NAME"] == "m31"
    assert "APPTAINERENV_HOME" not in command.env
    old = run_command(Container("singularity", "/images/casa.sif"), INNER, place=place(), name="a")
    assert old.env["SINGULARITYENV_TZ"] == "UTC"


@pytest.mark.parametrize(
    ("engine", "folder", "mark"),
    [
        *((engine, "/data/3C273_12:30:00", ":") for engine in ("podman", "docker", "apptainer", "singularity")),
        *((engine, "/data/3C273,3C279", ",") for engine in ("apptainer", "singularity")),
    ],
)
def test_a_name_that_would_be_two_binds_is_refused(engine: str, folder: str, mark: str) -> None:
    container = Container(engine, "casa")
    for folders in (("/home/ann", folder), (folder,)):
        with pytest.raises(ContainerFailed, match=f"takes '{mark}' for the end of a folder's name, and {folder} has"):
            run_command(container, INNER, place=place(folders=folders, home=folders[0]), name="a")
    below_home = place(folders=("/home/ann", f"/home/ann{folder}"))
    assert not any(folder in each for each in run_command(container, INNER, place=below_home, name="a").argv)


def test_podman_has_folders_with_commas_and_bwrap_all() -> None:
    argv = run_command(Container("podman", "casa"), INNER, place=place(folders=("/data/a,b",)), name="a").argv
    assert "--volume=/data/a,b:/data/a,b" in argv
    argv = run_command(Container("bwrap"), INNER, place=place(folders=("/data/a:b,c",)), name="a").argv
    assert argv[argv.index("/data/a:b,c") + 1] == "/data/a:b,c"


@pytest.mark.parametrize(
    ("engine", "network", "words"),
    [
        ("podman", "host", {"--network=host"}),
        ("docker", "none", {"--network=none"}),
        ("apptainer", "none", {"--net", "--network=none"}),
        ("apptainer", "host", set()),
    ],
)
def test_the_network_is_what_was_asked_for(engine: str, network: str, words: set[str]) -> None:
    argv = run_command(Container(engine, "casa", network=network), INNER, place=place(), name="a").argv
    assert {each for each in argv if each.startswith("--net")} == words


def test_bwrap_has_this_machines_files_and_programs_but_a_network_and_processes_of_its_own() -> None:
    command = run_command(Container("bwrap", binds=("/data:/mnt:ro",)), INNER, place=place(), name="a")
    argv = list(command.argv)
    assert argv[:3] == ["bwrap", "--dev-bind", "/"]
    assert {"--unshare-net", "--unshare-pid", "--as-pid-1"} <= set(argv)
    assert argv[argv.index("--ro-bind") :][:3] == ["--ro-bind", "/data", "/mnt"]
    assert argv[argv.index("--chdir") :] == ["--chdir", "/home/ann/work", "--", *INNER]
    assert command.env == {"PATH": "/bin", "HOME": "/home/ann", "CASA_DESKTOP_NAME": "m31", "TZ": "UTC"}
    open_network = run_command(Container("bwrap", network="host"), INNER, place=place(), name="a").argv
    assert "--unshare-net" not in open_network
