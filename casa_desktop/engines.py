"""How each engine is told to run a program in a container. Pure: what is told apart by a table, not by branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, List, Mapping, Optional, Tuple

from .commands import Command


@dataclass(frozen=True)
class Bind:
    """A folder or file of the outside that is seen inside.

    Attributes:
        source: its path outside.
        target: its path inside.
        read_only: nothing can be changed in it from inside.
    """

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class Place:
    """What a container shares with the outside, and for whom it runs.

    Attributes:
        folders: what is bound at its own path: home, working folder, runtime directory, X's sockets.
        cwd: the working folder, entered inside.
        home: the home folder, set as HOME.
        uid, gid: whose the processes and the files that they write are.
        groups: the user's other groups.
        hostname: the machine's name; python-xlib 0.33 finds a cookie by it.
        environ: the environment of whoever starts the container; the engine's own program gets it.
        desktop: it is for a desktop, whose X server must not meet the host's in /tmp unless it sees all of it: bwrap
            gives it a /tmp of its own, and Apptainer leaves it among the host's processes.
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
    """Everything that a command line is made of; ``containers.run_command`` explains it."""

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
    """Build the command line of Podman and of Docker, which take the same words but for the user's."""
    words: List[str] = [run.engine, "run", "--rm", f"--name={run.name}"]
    # Nobody waits for gigabytes with a cell in hand; an image that is not there is said so at once.
    words += ["--pull=never", "--log-driver=none"]
    # The image's looks after a Jupyter server, and Podman wants systemd for it.
    words += ["--no-healthcheck"]
    words += _oci_user(run)
    # Shared memory of X and of MPI; and sockets that SELinux would keep apart.
    words += ["--ipc=host", "--security-opt=label=disable", f"--workdir={run.place.cwd}"]
    words += [f"--network={run.network}"] if run.network else []
    # A container that borrows another one's network has that one's name.
    words += [] if run.network.startswith("container:") else [f"--hostname={run.place.hostname}"]
    words += [f"--volume={each.source}:{each.target}{':ro' if each.read_only else ''}" for each in run.binds]
    # By name alone: the engine takes the values from its own environment, where ps does not show them.
    words += [f"--env={name}" for name in sorted(run.variables)]
    program, *arguments = run.inner
    # Whatever entry point the image has, it is made for something else.
    words += [*run.options, f"--entrypoint={program}", run.image, *arguments]
    return Command(tuple(words), {**run.place.environ, **run.variables})


def _oci_user(run: Run) -> List[str]:
    place = run.place
    if run.engine == "podman" and place.uid != 0:
        # Without root, Podman maps the user to root inside; so he stays himself, and his files his own. His other
        # groups cannot be had (but with crun and --group-add=keep-groups).
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
    # A namespace of its own, so that a killed Apptainer leaves no process of the container.
    words += [] if run.place.desktop else ["--pid"]
    words += [*run.options, run.image, *run.inner]
    # Apptainer carries in what has its prefix, and sets HOME by itself.
    prefix = f"{run.engine.upper()}ENV_"
    carried = {f"{prefix}{name}": value for name, value in run.variables.items() if name != "HOME"}
    return Command(tuple(words), {**run.place.environ, **carried})


def _bwrap(run: Run) -> Command:
    # The host's /dev, because MPI's shared memory and terminals are there; PID 1 is ours, which reaps and forwards.
    words: List[str] = [run.engine, "--dev-bind", "/", "/", "--unshare-pid", "--proc", "/proc", "--as-pid-1"]
    words += [] if run.network == "host" else ["--unshare-net"]
    words += ["--tmpfs", "/tmp"] if run.place.desktop else []
    for each in run.binds:
        words += ["--ro-bind" if each.read_only else "--bind", each.source, each.target]
    words += ["--chdir", run.place.cwd, *run.options, "--", *run.inner]
    # It is this machine, so its programs are found as outside; the rest of the environment is as in any container.
    path = {name: run.place.environ[name] for name in ("PATH",) if name in run.place.environ}
    return Command(tuple(words), {**path, **run.variables})


@dataclass(frozen=True)
class Engine:
    """What differs from engine to engine.

    Attributes:
        build: makes the command line.
        remove: makes the one that removes a container and its record, whatever state it is in, of engine and name;
            None where a container is no more than its processes.
        has_images: it runs images; else it shows this machine's own files.
        own_displays: it shares neither /tmp nor the network with the host, so that an X server inside does not see
            which displays are taken.
        separators: what ends a path in the words by which it is told of folders; it knows no way to quote them.
        package: the Debian package that brings it, or where to get it.
    """

    build: Callable[[Run], Command]
    remove: Optional[Callable[[str, str], Tuple[str, ...]]]
    has_images: bool
    own_displays: bool
    separators: str
    package: str


ENGINES: Dict[str, Engine] = {
    "podman": Engine(_oci, _oci_remove, True, True, ":", "apt install podman"),
    "docker": Engine(_oci, _oci_remove, True, True, ":", "apt install docker.io"),
    "apptainer": Engine(_apptainer, None, True, False, ":,", "see apptainer.org"),
    "singularity": Engine(_apptainer, None, True, False, ":,", "see sylabs.io"),
    "bwrap": Engine(_bwrap, None, False, True, "", "apt install bubblewrap"),
}
