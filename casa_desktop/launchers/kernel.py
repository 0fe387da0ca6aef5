"""Runs a kernel in a container.

Started as ``python -m casa_desktop.launchers.kernel -f FILE --container JSON [-- CASA'S OPTIONS]``.

Jupyter starts this program instead of the kernel and treats it as the kernel; it passes signals on to the real one. It
creates a rendezvous folder (``runtime.rendezvous``), starts the engine, and runs until everything has ended
(``launchers.shim``). It also starts the desktops that the kernel asks for: outside the container they outlive the
kernel.

A Jupyter without our provisioner chooses TCP ports. The launcher passes on what comes there (``launchers.port_relay``);
and the command line may contain more about the connection than the file (``network.connection_arguments``).
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
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from .. import names
from ..containers import engines
from ..containers.container import Container, Place, passed_environment, remove_command, run_command
from ..desktop import lifecycle, page_address
from ..errors import CasaDesktopError, ContainerFailed, InvalidContainer
from ..network import connection_arguments
from ..runtime import directory
from ..runtime.rendezvous import Berth, berth_of, leave, occupy
from ..runtime.settings import Settings
from ..system.event_loop import failed
from ..system.files import parsed
from ..system.messages import Word
from ..system.output import last_words
from ..system.process import Command
from ..system.pythonpath import module
from ..system.readiness import Waiting
from ..x11 import displays
from .shim import Keeper, exit_status

if TYPE_CHECKING:
    from .port_relay import Ports

# After this many seconds without an end, a kernel is killed; Jupyter itself waits half as long.
KERNEL_GRACE = 3.0
REMOVAL_SECONDS = 10.0
# System folders, which an image has itself, with everything in them; and folders that would hide the image's own.
_SYSTEM = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr")
_TOO_MUCH = frozenset(["", "/", "/opt", "/var"])


def prepared_connection(path: Path, said: Optional[Mapping[str, Any]] = None) -> Tuple[Dict[str, Any], Berth]:
    """Return a connection file's contents, and the rendezvous folder to which it refers.

    Args:
        path: path of the file. If the command line has connection settings, it may be missing or empty.
        said: those settings; they override the file.

    Raises:
        OSError, ValueError: the file cannot be read.
        RuntimeDirectoryError: as in ``runtime.rendezvous.new_berth``.
    """
    text = path.read_text(encoding="utf-8") if path.exists() or not said else ""
    connection: Dict[str, Any] = parsed(text) if text or not said else {}
    if not isinstance(connection, dict):
        raise ValueError(f"{path} is no connection file: it holds no object")
    connection.update(said or {})
    return connection, berth_of(str(connection.get("ip", "")) if connection.get("transport") == "ipc" else "")


def bindable(folder: str) -> bool:
    """Return whether a folder can be bind-mounted at its own path, where it replaces the image's."""
    within_system = any(folder == each or folder.startswith(f"{each}/") for each in _SYSTEM)
    # The runtime directory of a login session is below /run, but is not a system folder.
    return folder not in _TOO_MUCH and (not within_system or folder.startswith("/run/user/")) and os.path.isdir(folder)


def place_of(cwd: str, environ: Mapping[str, str], *, desktop: bool = False) -> Place:
    """Return what one of this user's containers shares with the machine."""
    home = environ.get("HOME") or os.path.expanduser("~")
    root = str(directory.runtime_root())
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
        container: the container.
        berth: the rendezvous folder, with the socket to which the container connects.
        program: a Python's arguments: a module and the module's own arguments.
        place: what is shared with the container.
        grace: the time that the program gets to end after SIGTERM, in seconds.
    """
    # A bwrap sandbox uses this very installation.
    python = sys.executable if not container.image and container.python == Container.python else container.python
    inner = [python, "-m", names.CONTAINED_INIT, str(berth.socket), f"{grace:g}", place.cwd, python, *program]
    own = {
        names.RUNTIME_DIR: str(directory.runtime_root()),
        names.OUTSIDE: str(berth.socket),
        **{name: place.environ[name] for name in ("USER", "LOGNAME") if name in place.environ},
    }
    passed = {**passed_environment(place.environ), **own}
    return run_command(container, inner, place=replace(place, cwd="/"), name=container_name(berth), passed=passed)


def container_name(berth: Berth) -> str:
    """Return the name of the container that connects to ``berth``."""
    return f"casa-desktop-{berth.folder.name}"


def run_container(container: Container, berth: Berth, keeper: Keeper) -> None:
    """Run the container until everything has ended.

    Raises:
        ContainerFailed: the container has never connected.
    """
    keeper.run()
    check_start(container, keeper)
    remove = remove_command(container, name=container_name(berth), environ=os.environ)
    # A container that reports a status has ended by itself, and its engine removes it; after a kill it may remain.
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
    """Check that the engine is installed.

    Raises:
        ContainerFailed: it is not.
    """
    if shutil.which(container.engine) is None:
        remedy = engines.ENGINES[container.engine].package
        raise ContainerFailed(container.label, f"{container.engine} is not on PATH; it can be installed ({remedy}).")


def check_start(container: Container, keeper: Keeper) -> None:
    """Check that the container has connected.

    Raises:
        ContainerFailed: it never did.
    """
    if keeper.called:
        return
    said = last_words(keeper.said) or "nothing"
    raise ContainerFailed(
        container.label,
        f"{container.engine} ended with status {keeper.engine_status} and said: {said} "
        f"(Is the image there, and casa-desktop in it, for its Python {container.python!r}?)",
    )


def answer(word: Word, container: Optional[Container]) -> Word:
    """Handle a request from inside the container: start a desktop out here.

    Args:
        word: the request.
        container: the container in which the desktop may run if this machine has no X server.
    """
    if word.kind != "ensure":
        return Word("failed", {"kind": "LinkFailed", "text": f"There is no such question: {word.kind}."})
    try:
        asked: Dict[str, Any] = word.value
        settings = Settings(**asked["settings"])
        lifecycle.ensure(asked["name"], settings=settings, timeout=float(asked["timeout"]), spare=container)
    except (CasaDesktopError, LookupError, TypeError, ValueError, ArithmeticError, OSError) as error:
        return failed(error)
    except (MemoryError, RuntimeError, subprocess.SubprocessError) as error:
        # Memory, threads or processes have run out for the moment.
        return failed(error)
    return Word("done")


def run_kernel(
    connection_file: Path,
    container: Container,
    options: Sequence[str],
    ready: Callable[[], None] = lambda: None,
    *,
    arguments: Sequence[str] = (),
) -> int:
    """Run a kernel from its start to its end; return the exit status.

    Args:
        connection_file: Jupyter's connection file.
        container: the container in which the kernel runs.
        options: CASA's own options.
        ready: called when the container runs.
        arguments: what the command line says of the connection.

    Raises:
        CasaDesktopError: the kernel did not start.
    """
    check_engine(container)
    displays.prepare_sockets()
    connection, berth = prepared_connection(connection_file, connection_arguments.said(arguments))
    ports = None if connection.get("transport") == "ipc" else _ports(container, connection_file, connection)
    lock = occupy(berth)
    try:
        if ports is not None:
            connection = ports.relay(connection, berth)
        _write_private(berth.connection_file, json.dumps(connection))
        session = connection_arguments.of_session(arguments)
        casa = ["--", *options] if options else []
        program = [*module("casa_kernel"), "-f", str(berth.connection_file), *session, *casa]
        # If the container uses the machine's network, the kernel must not create a private one inside.
        chosen = {names.NETWORK: "host"} if container.network == "host" else {}
        environ = {**os.environ, **chosen}
        # The parent that launchers.init tells the kernel.
        page_address.hand_on(environ, "1")
        place = place_of(os.getcwd(), environ)
        command = container_command(container, berth, program, place=place, grace=KERNEL_GRACE)
        parent = int(os.environ.get("JPY_PARENT_PID") or os.getppid())
        keeper = Keeper(command, berth, lock, lambda word: answer(word, container), parent=parent, on_call=ready)
        run_container(container, berth, keeper)
        return exit_status(keeper)
    finally:
        if ports is not None:
            ports.close()
        leave(berth, lock)


def _ports(container: Container, connection_file: Path, connection: Mapping[str, Any]) -> Ports:
    """Listen on the ports that Jupyter has chosen; write those that it has left to us into its connection file.

    Raises:
        ContainerFailed: this is impossible.
    """
    # It takes time and memory that kernels over unix sockets do not need.
    from .port_relay import Ports

    try:
        ports = Ports(connection)
    except (OSError, OverflowError, TypeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ContainerFailed(
            container.label,
            f"the ports that {connection_file} names for Jupyter cannot be used: {reason}. Start the kernel again.",
        ) from error
    if ports.chosen:
        connection_file.write_text(json.dumps({**connection, **ports.chosen}), encoding="utf-8")
    return ports


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def parsed_container(text: str) -> Container:
    """Return the container that a JSON text describes.

    Raises:
        InvalidContainer: it does not describe one.
    """
    try:
        described = parsed(text)
    except ValueError:
        raise InvalidContainer("description", text, "JSON") from None
    return Container.from_dict(described)


def main(words: List[str]) -> int:
    """Run the kernel as the command line asks; return the exit status."""
    own, options = connection_arguments.split(words)
    about = "Run a CASA kernel in a container; CASA's options follow --."
    parser = argparse.ArgumentParser("casa_desktop.launchers.kernel", description=about, allow_abbrev=False)
    names_of_file = ("-f", "--f", "--IPKernelApp.connection_file")
    file = "Jupyter's connection file"
    parser.add_argument(*names_of_file, dest="connection_file", type=Path, required=True, help=file)
    parser.add_argument("--container", required=True, help="the container, as JSON")
    arguments, others = parser.parse_known_args(own)
    waiting = Waiting(os.environ.pop(names.READY_FD, ""))
    try:
        container = parsed_container(arguments.container)
        return run_kernel(arguments.connection_file, container, options, waiting.close, arguments=others)
    except (CasaDesktopError, OSError, RuntimeError, ValueError) as error:
        print(f"casa-desktop: {error}", file=sys.stderr)
        waiting.tell(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
