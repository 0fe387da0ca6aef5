"""Move the kernel into a private network namespace when it starts, with a host helper outside.

``network.namespace`` makes the namespace. Jupyter still reaches the kernel: over unix sockets in a rendezvous folder,
if Jupyter has chosen them (``kernels.provisioner``); else over the TCP ports of the machine's loopback that Jupyter has
chosen. These are bound before the move, and a socket stays in the namespace in which it was made.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Dict, List, Mapping, MutableMapping, Optional, Tuple

from .. import names
from ..errors import CasaDesktopError, NetworkShared
from ..runtime import rendezvous
from ..system import messages, unix_sockets
from ..system.messages import Word
from ..system.pythonpath import seen
from . import namespace, uplink, x_numbers

__all__ = ["PORTS", "Quarters", "listen", "move_in", "seclude"]

# In the kernel's private folder; the host helper answers on it.
HELPER_SOCKET = "porter.sock"
# The ports of a kernel, by their names in a connection file.
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
_BACKLOG = 100
# Jupyter's default address, and the one that ZMQ writes as *.
_LOOPBACK, _ANY = "127.0.0.1", "0.0.0.0"  # noqa: S104
_SHUT_IN = (
    "This kernel has a network of its own, so that nobody reaches CASA's ports, and no way out of it: {}. Remedy: {}. "
    "CASA_DESKTOP_NETWORK=host takes the machine's."
)
_NO_DESKTOP = (
    "This kernel can open no windows on a desktop, for its socket {path} cannot be made: {reason}. Set "
    "CASA_DESKTOP_RUNTIME_DIR to another folder with a shorter path, and restart it."
)


class Quarters:
    """The result of the move into a private network namespace.

    Attributes:
        notice: a sentence for the user about what did not work; empty if all is well.
        sockets: the sockets that listen for Jupyter outside, by port; ZMQ must use them.
        chosen: the ports that Jupyter left to us, by their names in a connection file.
    """

    def __init__(self) -> None:
        self.notice = ""
        self.sockets: Dict[int, socket.socket] = {}
        self.chosen: Dict[str, int] = {}
        self._porter: Optional[socket.socket] = None
        self._lock: Optional[int] = None
        self._moved = False
        self._x_numbers: List[socket.socket] = []

    @property
    def moved(self) -> bool:
        """Whether this process is in a network namespace that was made for it."""
        return self._moved

    def go_in(self, connection: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Move this process, as far as this machine allows it.

        Raises:
            CasaDesktopError: this is impossible; the kernel stays in the machine's network.
            OSError: likewise.
        """
        berth = _berth(connection, environ)
        if berth is not None:
            self._lock = rendezvous.occupy(berth)
            self._hire_porter(environ)
            # Sent with its lock, by which the host helper distinguishes the folder from another one at the same path.
            self._tell(Word("berth", str(berth.folder)), [os.dup(self._lock)])
        if not namespace.wanted(environ) or namespace.is_private(environ):
            return
        if connection.get("transport") != "ipc":
            self.sockets, self.chosen = listen(connection)
        self._hire_porter(environ)
        way_out = uplink.find(environ)
        try:
            namespace.enter(uplink.resolver(way_out) if way_out else "")
        except NetworkShared:
            self.give_up()
            raise
        self._moved = True
        self._x_numbers = x_numbers.occupy()
        self._tell(Word("entered"), _namespaces())
        if way_out is None:
            self.notice = _SHUT_IN.format(*uplink.missing())

    def give_up(self) -> None:
        """Close our listening sockets, so that ZMQ opens its own."""
        for each in self.sockets.values():
            each.close()
        self.sockets, self.chosen = {}, {}

    def receive_at(self, folder: Path, environ: MutableMapping[str, str]) -> None:
        """Let the host helper start desktops for this kernel, and for the programs that the kernel starts.

        Args:
            folder: the kernel's private folder.
            environ: the environment of those programs.
        """
        if self._moved and names.OUTSIDE not in environ:
            path = str(folder / HELPER_SOCKET)
            # Created here, so that it exists before any program needs it; the host helper answers on it.
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                listener.bind(path)
            except OSError as error:
                listener.close()
                self.notice = self.notice or _NO_DESKTOP.format(path=path, reason=str(error).rstrip("."))
                return
            listener.listen(_BACKLOG)
            self._tell(Word("listen"), [listener.detach()])
            environ[names.HOST_HELPER] = path

    def handed_over(self) -> List[Tuple[Word, List[int]]]:
        """Return messages with descriptors by which another process inside takes the place of this one.

        This process keeps the host helper, which ends with it, and the lock.
        """
        told: Dict[str, Any] = {"notice": self.notice, "chosen": self.chosen, "moved": self._moved}
        found = [(Word("port", port), [each.fileno()]) for port, each in self.sockets.items()]
        return [*found, (Word("home", told), [] if self._porter is None else [self._porter.fileno()])]

    def take(self, word: Word, descriptors: List[int]) -> bool:
        """Take one of the messages of ``handed_over``; return whether it was the last."""
        if word.kind == "port" and word.number is not None and descriptors:
            self.sockets[word.number] = socket.socket(fileno=descriptors[0])
        if word.kind == "home":
            self.notice, self.chosen, self._moved = (word.value[each] for each in ("notice", "chosen", "moved"))
            self._porter = socket.socket(fileno=descriptors[0]) if descriptors else None
            if self._porter is not None:
                os.register_at_fork(after_in_child=self._let_go)
        return word.kind == "home"

    def _hire_porter(self, environ: Mapping[str, str]) -> None:
        if self._porter is not None:
            return
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        held = () if self._lock is None else (self._lock,)
        with its:
            # In its own session, because it must outlive the kernel's process group.
            porter = subprocess.Popen(
                [sys.executable, "-m", names.HOST_HELPER_PROGRAM],
                env=seen(environ),
                stdin=its.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=held,
                cwd="/",
                start_new_session=True,
            )
        # The helper outlives this process, which does not wait for it.
        porter.returncode = 0
        self._porter = ours
        # A process that a cell forks may outlive the kernel, and must not be mistaken for it.
        os.register_at_fork(after_in_child=self._let_go)

    def _let_go(self) -> None:
        if self._porter is not None:
            self._porter.close()
        if self._lock is not None:
            with suppress(OSError):
                os.close(self._lock)

    def _tell(self, word: Word, descriptors: Optional[List[int]] = None) -> None:
        assert self._porter is not None
        with suppress(OSError):
            unix_sockets.send(self._porter, messages.encode(word), descriptors or [])
        for descriptor in descriptors or []:
            os.close(descriptor)


def _berth(connection: Mapping[str, Any], environ: Mapping[str, str]) -> Optional[rendezvous.Berth]:
    """Return the rendezvous folder that this kernel must create, if Jupyter has chosen one."""
    if connection.get("transport") != "ipc" or names.OUTSIDE in environ:
        return None
    folder = Path(str(connection.get("ip", ""))).parent
    berth = rendezvous.berth_of(str(connection.get("ip", "")))
    return berth if berth.folder == folder else None


def listen(connection: Mapping[str, Any]) -> Tuple[Dict[int, socket.socket], Dict[str, int]]:
    """Listen on the ports that Jupyter has chosen; return the sockets, and the ports that Jupyter left to us."""
    found: Dict[int, socket.socket] = {}
    chosen: Dict[str, int] = {}
    address = str(connection.get("ip") or _LOOPBACK)
    with ExitStack() as undo:
        for name in PORTS:
            port = int(connection.get(name) or 0)
            listener = undo.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            if port:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((_ANY if address == "*" else address, port))
            listener.listen(_BACKLOG)
            if not port:
                port = chosen[name] = listener.getsockname()[1]
            found[port] = listener
        undo.pop_all()
    return found, chosen


def _namespaces() -> List[int]:
    """Open the namespaces of this process for the host helper."""
    kinds = ["net"] if os.geteuid() == 0 else ["net", "user"]
    return [os.open(f"/proc/self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in kinds]


def move_in(
    connection_file: Optional[str], environ: Mapping[str, str], said: Optional[Mapping[str, Any]] = None
) -> Quarters:
    """Move this process, a kernel that has no threads yet, into a private network namespace.

    A failure raises no exception; the result then has a notice.

    Args:
        connection_file: path of Jupyter's connection file; None if there is none.
        environ: the kernel's environment.
        said: connection settings of the command line; they override the file.
    """
    quarters = Quarters()
    try:
        quarters.go_in({**_read(connection_file), **(said or {})}, environ)
    except (CasaDesktopError, OSError, ValueError, OverflowError) as error:
        quarters.notice = str(error)
    return quarters


def _read(connection_file: Optional[str]) -> Dict[str, Any]:
    with suppress(OSError, ValueError, TypeError):
        found = json.loads(Path(str(connection_file)).read_text(encoding="utf-8"))
        return dict(found)
    return {}


def seclude(environ: Mapping[str, str]) -> None:
    """Move this process, a tool that no process outside needs to reach, into a private namespace, if possible."""
    with suppress(CasaDesktopError):
        if namespace.wanted(environ) and not namespace.is_private(environ):
            namespace.enter()
