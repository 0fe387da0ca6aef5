"""Runs a kernel in a container: ``python -m casa_desktop.outside -f FILE --container JSON [-- CASA'S OPTIONS]``.

Jupyter starts it in the kernel's place and takes it for the kernel: what is done to it happens to the kernel. It makes
a berth (``berths``), starts the engine, and stays until everything has ended (``keeper``). Desktops that the kernel
asks for are started here, where they outlive it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from . import displays, engines, lifeline, network, runtime, session
from .berths import Berth, berth_of, leave, occupy
from .commands import Command, Settings
from .containers import Container, Place, passed_environment, remove_command, run_command
from .errors import CasaDesktopError, ContainerFailed, InvalidContainer
from .eventloop import failed
from .keeper import Keeper, exit_status, last_line
from .lifeline import Word
from .ourselves import module
from .stored import parsed

# A kernel that does not end when it is told to is killed after so many seconds; Jupyter itself waits half as long.
KERNEL_GRACE = 3.0
REMOVAL_SECONDS = 10.0
# By which a kernelspec starts the launcher.
MODULE = "casa_desktop.outside"
# A descriptor on which whoever starts the launcher waits: closed when the container is there, else it has a sentence.
READY_VARIABLE = "CASA_DESKTOP_READY_FD"
# Folders of the system, which an image has itself, with all in them; and those that hide what an image has there.
_SYSTEM = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr")
_TOO_MUCH = frozenset(["", "/", "/opt", "/var"])


def prepared_connection(path: Path) -> Tuple[Dict[str, Any], Berth]:
    """Return a connection file's content and the berth that it leads to.

    Raises:
        OSError, ValueError: it cannot be read.
        RuntimeDirectoryError: as ``berths.new_berth``.
    """
    connection: Dict[str, Any] = parsed(path.read_text(encoding="utf-8"))
    if not isinstance(connection, dict):
        raise ValueError(f"{path} is no connection file: it holds no object")
    return connection, berth_of(str(connection.get("ip", "")) if connection.get("transport") == "ipc" else "")


def networked(container: Container, connection: Mapping[str, Any]) -> Container:
    """Return the container with the host's network, if the kernel has to listen on one of its ports.

    A Jupyter that does not know the provisioner of this package (``provisioner``) speaks TCP to its kernels.
    """
    return container if connection.get("transport") == "ipc" else replace(container, network="host")


def bindable(folder: str) -> bool:
    """Tell whether a folder can be shown inside at its own path, in the image's place."""
    within_system = any(folder == each or folder.startswith(f"{each}/") for each in _SYSTEM)
    # The runtime directory of a login session is below /run, and no system's.
    return folder not in _TOO_MUCH and (not within_system or folder.startswith("/run/user/")) and os.path.isdir(folder)


def place_of(cwd: str, environ: Mapping[str, str], *, desktop: bool = False) -> Place:
    """Return what a container of this user's shares with the outside."""
    home = environ.get("HOME") or os.path.expanduser("~")
    root = str(runtime.runtime_root())
    wanted = (home, cwd, root, str(displays.SOCKETS))
    return Place(
        folders=tuple(each for each in wanted if bindable(each)),
        cwd=cwd if bindable(cwd) else (home if bindable(home) else "/"),
        home=home,
        uid=os.getuid(),
        gid=os.getgid(),
        groups=tuple(each for each in os.getgroups() if each != os.getgid()),
        hostname=os.uname().nodename,
        environ=environ,
        desktop=desktop,
    )


def container_command(
    container: Container, berth: Berth, program: Sequence[str], *, place: Place, grace: float
) -> Command:
    """Build the command line that runs a program of this package in a container.

    Args:
        container: where.
        berth: where the container calls.
        program: a Python's arguments that name a module, and the module's own.
        place: what is shared.
        grace: how long the program may take to end after SIGTERM, in seconds.
    """
    # A sandbox of bwrap has this very installation.
    python = sys.executable if not container.image and container.python == Container.python else container.python
    inner = [python, "-m", "casa_desktop.inside", str(berth.socket), f"{grace:g}", place.cwd, python, *program]
    own = {
        "CASA_DESKTOP_RUNTIME_DIR": str(runtime.runtime_root()),
        lifeline.VARIABLE: str(berth.socket),
        **{name: place.environ[name] for name in ("USER", "LOGNAME") if name in place.environ},
    }
    passed = {**passed_environment(place.environ), **own}
    return run_command(container, inner, place=replace(place, cwd="/"), name=container_name(berth), passed=passed)


def container_name(berth: Berth) -> str:
    """Return what a container that calls at ``berth`` is called."""
    return f"casa-desktop-{berth.folder.name}"


def run_container(container: Container, berth: Berth, keeper: Keeper) -> None:
    """Stay until everything has ended.

    Raises:
        ContainerFailed: the container has not called.
    """
    keeper.run()
    check_start(container, keeper)
    remove = remove_command(container, name=container_name(berth), environ=os.environ)
    # A container that says so has ended by itself, and its engine forgets it; one that was killed, perhaps not.
    if keeper.status is None and remove is not None:
        with suppress(subprocess.TimeoutExpired, OSError):
            subprocess.run(
                remove.argv,
                env=dict(remove.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=REMOVAL_SECONDS,
                check=False,
            )


def check_engine(container: Container) -> None:
    """See that there is an engine.

    Raises:
        ContainerFailed: there is none.
    """
    if shutil.which(container.engine) is None:
        remedy = engines.ENGINES[container.engine].package
        raise ContainerFailed(container.label, f"{container.engine} is not on PATH; it can be installed ({remedy}).")


def check_start(container: Container, keeper: Keeper) -> None:
    """See that the container has called.

    Raises:
        ContainerFailed: it never did.
    """
    if keeper.called:
        return
    said = last_line(keeper.said) or "nothing"
    raise ContainerFailed(
        container.label,
        f"{container.engine} ended with status {keeper.engine_status} and said: {said} "
        f"(Is the image there, and casa-desktop in it, for its Python {container.python!r}?)",
    )


def answer(word: Word, container: Optional[Container]) -> Word:
    """Answer a question from inside: a desktop is started, out here.

    Args:
        word: the question.
        container: what may run the desktop where this machine has no X server.
    """
    if word.kind != "ensure":
        return Word("failed", {"kind": "LinkFailed", "text": f"There is no such question: {word.kind}."})
    try:
        asked: Dict[str, Any] = word.value
        settings = Settings(**asked["settings"])
        session.ensure(asked["name"], settings=settings, timeout=float(asked["timeout"]), spare=container)
    except (CasaDesktopError, LookupError, TypeError, ValueError, ArithmeticError, OSError) as error:
        return failed(error)
    except (MemoryError, RuntimeError, subprocess.SubprocessError) as error:
        # A moment without memory, threads or processes.
        return failed(error)
    return Word("done")


def run_kernel(
    connection_file: Path, container: Container, options: Sequence[str], ready: Callable[[], None] = lambda: None
) -> int:
    """Run a kernel from its start to its end; return the exit status.

    Args:
        connection_file: Jupyter's.
        container: where it runs.
        options: CASA's.
        ready: called when the container is there.

    Raises:
        CasaDesktopError: it did not start.
    """
    check_engine(container)
    displays.prepare_sockets()
    connection, berth = prepared_connection(connection_file)
    lock = occupy(berth)
    try:
        _write_private(berth.connection_file, json.dumps(connection))
        program = [*module("casa_kernel"), "-f", str(berth.connection_file), *(["--", *options] if options else [])]
        networking = networked(container, connection)
        # Who has chosen the machine's network for it does not want another one inside.
        chosen = {network.VARIABLE: "host"} if container.network == "host" else {}
        place = place_of(os.getcwd(), {**os.environ, **chosen})
        command = container_command(networking, berth, program, place=place, grace=KERNEL_GRACE)
        parent = int(os.environ.get("JPY_PARENT_PID") or os.getppid())
        keeper = Keeper(command, berth, lock, lambda word: answer(word, container), parent=parent, on_call=ready)
        run_container(container, berth, keeper)
        return exit_status(keeper)
    finally:
        leave(berth, lock)


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def parsed_container(text: str) -> Container:
    """Return the container that a JSON text describes.

    Raises:
        InvalidContainer: it describes none.
    """
    try:
        described = parsed(text)
    except ValueError:
        raise InvalidContainer("description", text, "JSON") from None
    return Container.from_dict(described)


def main(words: List[str]) -> int:
    """Run the kernel; return the exit status."""
    parser = argparse.ArgumentParser(prog="casa_desktop.outside", description="Run a CASA kernel in a container.")
    parser.add_argument("-f", dest="connection_file", type=Path, required=True, help="Jupyter's connection file")
    parser.add_argument("--container", required=True, help="the container, as JSON")
    parser.add_argument("options", nargs="*", help="CASA's options, behind --")
    arguments = parser.parse_args(words)
    waiting = _Waiting(os.environ.pop(READY_VARIABLE, ""))
    try:
        container = parsed_container(arguments.container)
        return run_kernel(arguments.connection_file, container, arguments.options, waiting.close)
    except (CasaDesktopError, OSError, ValueError) as error:
        print(f"casa-desktop: {error}", file=sys.stderr)
        waiting.tell(str(error))
        return 1


class _Waiting:
    """Whoever waits for the container.

    Args:
        descriptor: its number; empty where nobody waits.
    """

    def __init__(self, descriptor: str) -> None:
        self._descriptor = int(descriptor) if descriptor else None

    def tell(self, sentence: str) -> None:
        """Say why there is none."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.write(self._descriptor, " ".join(sentence.split()).encode() + b"\n")
        self.close()

    def close(self) -> None:
        """Say that there is one; safe to call twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
