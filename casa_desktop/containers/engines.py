"""Build the command line of each engine that runs a program in a container. Pure; a table holds the differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, List, Mapping, Optional, Tuple

from ..system.process import Command


@dataclass(frozen=True)
class Bind:
    """A folder or file from outside that is mounted inside.

    Attributes:
        source: path outside.
        target: path inside.
        read_only: whether it is mounted read-only.
    """

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class Place:
    """What a container shares with the outside, and its user.

    Attributes:
        folders: folders with the same path inside: home, working folder, runtime directory, X's sockets.
        cwd: the working folder inside.
        home: the home folder, set as HOME.
        uid, gid: user and group of the processes and of the files that they write.
        groups: the user's other groups.
        hostname: the machine's name; python-xlib 0.33 finds a cookie by it.
        environ: the environment of the process that starts the container; the engine's own program gets it.
        desktop: whether a desktop runs in it. The X server of a desktop must either see all of the host's /tmp and
            processes, or none of them: bwrap gives it a private /tmp, and Apptainer no pid namespace.
    """

    folders: Tuple[str, ...]
    cwd: str
    home: str
    uid: int
    gid: int
    groups: Tuple[int, ...]
    hostname: str
    environ: Mapping[str, str]
    desktop: bool = False


@dataclass(frozen=True)
class Run:
    """The input for a command line; ``containers.container.run_command`` explains the fields."""

    engine: str
    image: str
    network: str
    options: Tuple[str, ...]
    inner: Tuple[str, ...]
    binds: Tuple[Bind, ...]
    variables: Mapping[str, str]
    place: Place
    name: str


def _oci(run: Run) -> Command:
    """Build the command line of Podman and of Docker, which differ only in the options for the user."""
    words: List[str] = [run.engine, "run", "--rm", f"--name={run.name}"]
    # A missing image is an error at once: a download of gigabytes must not delay a cell.
    words += ["--pull=never", "--log-driver=none"]
    # The image's health check is for a Jupyter server, and Podman needs systemd for health checks.
    words += ["--no-healthcheck"]
    words += _oci_user(run)
    # For shared memory of X and MPI, and for sockets to which SELinux would deny access.
    words += ["--ipc=host", "--security-opt=label=disable", f"--workdir={run.place.cwd}"]
    words += [f"--network={run.network}"] if run.network else []
    # A container that uses another one's network has that one's host name.
    words += [] if run.network.startswith("container:") else [f"--hostname={run.place.hostname}"]
    words += [f"--volume={each.source}:{each.target}{':ro' if each.read_only else ''}" for each in run.binds]
    # Only names: the engine takes the values from its own environment, so that ps does not show them.
    words += [f"--env={name}" for name in sorted(run.variables)]
    program, *arguments = run.inner
    # The image's own entry point is not made for this.
    words += [*run.options, f"--entrypoint={program}", run.image, *arguments]
    return Command(tuple(words), {**run.place.environ, **run.variables})


def _oci_user(run: Run) -> List[str]:
    place = run.place
    if run.engine == "podman" and place.uid != 0:
        # Without root, Podman by default maps the user to root inside. With this option the user and the owner of the
        # files stay the same. The user's other groups need crun and --group-add=keep-groups.
        return ["--userns=keep-id", f"--user={place.uid}:{place.gid}"]
    return [f"--user={place.uid}:{place.gid}", *(f"--group-add={each}" for each in place.groups)]


def _oci_remove(engine: str, name: str) -> Tuple[str, ...]:
    return (engine, "rm", "--force", name)


def _apptainer(run: Run) -> Command:
    home = run.place.home
    has_home = any(each.target == home for each in run.binds)
    words: List[str] = [run.engine, "--quiet", "exec", "--cleanenv", f"--pwd={run.place.cwd}"]
    words += [f"--home={home}"] if has_home else ["--no-home"]
    rest = (each for each in run.binds if each.target != home)
    words += [f"--bind={each.source}:{each.target}{':ro' if each.read_only else ''}" for each in rest]
    words += ["--net", f"--network={run.network}"] if run.network not in ("", "host") else []
    # With a pid namespace, a killed Apptainer leaves no process of the container.
    words += [] if run.place.desktop else ["--pid"]
    words += [*run.options, run.image, *run.inner]
    # Apptainer passes variables with its prefix into the container, and sets HOME itself.
    prefix = f"{run.engine.upper()}ENV_"
    carried = {f"{prefix}{name}": value for name, value in run.variables.items() if name != "HOME"}
    return Command(tuple(words), {**run.place.environ, **carried})


def _bwrap(run: Run) -> Command:
    # The host's /dev has MPI's shared memory and the terminals. Our init is process 1; it reaps processes and forwards
    # signals.
    words: List[str] = [run.engine, "--dev-bind", "/", "/", "--unshare-pid", "--proc", "/proc", "--as-pid-1"]
    words += [] if run.network == "host" else ["--unshare-net"]
    words += ["--tmpfs", "/tmp"] if run.place.desktop else []
    for each in run.binds:
        words += ["--ro-bind" if each.read_only else "--bind", each.source, each.target]
    words += ["--chdir", run.place.cwd, *run.options, "--", *run.inner]
    # A sandbox has this machine's programs, so it needs PATH; the rest of the environment is as in any container.
    path = {name: run.place.environ[name] for name in ("PATH",) if name in run.place.environ}
    return Command(tuple(words), {**path, **run.variables})


@dataclass(frozen=True)
class Engine:
    """The differences between engines.

    Attributes:
        build: builds the command line that runs a program.
        remove: builds, from engine and name, the command line that removes a container in any state, with its record;
            None if a container consists only of its processes.
        has_images: whether it runs images; else it uses this machine's own files.
        own_displays: whether it shares neither /tmp nor the network with the host, so that an X server inside does not
            see which displays are taken.
        separators: the characters that end a path in the engine's options for folders, and cannot be quoted.
        package: how to install it: a Debian package, or a web site.
        title: its name in JupyterLab's launcher.
    """

    build: Callable[[Run], Command]
    remove: Optional[Callable[[str, str], Tuple[str, ...]]]
    has_images: bool
    own_displays: bool
    separators: str
    package: str
    title: str


ENGINES: Dict[str, Engine] = {
    "podman": Engine(_oci, _oci_remove, True, True, ":", "apt install podman", "Podman"),
    "docker": Engine(_oci, _oci_remove, True, True, ":", "apt install docker.io", "Docker"),
    "apptainer": Engine(_apptainer, None, True, False, ":,", "see apptainer.org", "Apptainer"),
    "singularity": Engine(_apptainer, None, True, False, ":,", "see sylabs.io", "Singularity"),
    "bwrap": Engine(_bwrap, None, False, True, "", "apt install bubblewrap", "sandbox"),
}
