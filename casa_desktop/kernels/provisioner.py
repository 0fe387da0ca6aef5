"""The kernel provisioner with which Jupyter starts a CASA kernel: a local one, but over unix sockets.

A container, and a kernel in a private network namespace (``network.isolate``), do not have the machine's network, so
the kernel's ports cannot be reached, and need not be. Jupyter finds this class by the entry point ``casa-desktop`` of
the group ``jupyter_client.kernel_provisioners``, which a kernelspec names in its metadata. In some processes it is the
default for all kernels (``kernels.preference``), and leaves those that are not CASA's to the local provisioner.
"""

from __future__ import annotations

import os
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from tornado.web import HTTPError

from .. import names
from ..errors import InvalidSetting, KernelFailed, RuntimeDirectoryError, Shortage
from ..network import namespace
from ..runtime.rendezvous import HARBOUR, Berth, is_possible, leave, new_berth, present
from ..system.executor import in_thread
from ..system.process import read_line
from .preference import NAME
from .spec import OURS

# After this time a container counts as slow, not as failed, and Jupyter waits for the kernel as for any other.
LONGEST_START = 60.0


class ContainerProvisioner(LocalProvisioner):
    """The life cycle of one kernel.

    The process that Jupyter knows is the kernel itself, or the launcher of its container (``launchers.kernel``). Either
    of them creates the rendezvous folder (``runtime.rendezvous``); the kernel's host helper, or the launcher, removes
    it.
    """

    _berth: Optional[Berth] = None

    async def pre_launch(self, **kwargs: Any) -> Dict[str, Any]:
        """Choose the kernel's sockets; Jupyter calls this before each start, restarts included.

        Raises:
            RuntimeDirectoryError: there is no place for the sockets, and a container needs one.
        """
        if not self._is_ours:
            return await super().pre_launch(**kwargs)
        manager = self.parent
        # The environment of the launcher or kernel; its kernelspec may have set another runtime directory.
        self._choose_berth({**(kwargs.get("env") or os.environ), **self.kernel_spec.env})
        if manager is not None and self._berth is not None:
            # A restart keeps the same paths, so that connected clients can reconnect to them.
            manager.transport, manager.ip, manager.cache_ports = "ipc", self._berth.ipc, False
        return await super().pre_launch(**kwargs)

    @property
    def _is_ours(self) -> bool:
        """Whether the kernelspec names this provisioner, or ``kernel install`` wrote it and its program is unchanged.

        A command that users put before the program (``srun``, ``ssh``) may start the kernel where our sockets are not.
        """
        metadata = self.kernel_spec.metadata
        if (metadata.get("kernel_provisioner") or {}).get("provisioner_name") == NAME:
            return True
        about = metadata.get(OURS)
        if not isinstance(about, dict):
            return False
        return self._is_contained or self.kernel_spec.argv[:1] == [about.get("python")]

    @property
    def _is_contained(self) -> bool:
        return bool({names.CONTAINED_KERNEL, names.CONTAINED_KERNEL_BEFORE} & set(self.kernel_spec.argv))

    def _choose_berth(self, environ: Mapping[str, str]) -> None:
        if self._berth is not None and is_possible(self._berth, environ):
            return
        self._berth = None
        try:
            if self._is_contained or namespace.wanted(environ):
                self._berth = new_berth(environ)
        except (InvalidSetting, RuntimeDirectoryError):
            # The kernel itself reports this; it can also run over TCP.
            if self._is_contained:
                raise

    @property
    def _has_launcher(self) -> bool:
        """Whether Jupyter starts a launcher, which tells why the kernel does not start."""
        return self._is_contained or names.RANKS_LAUNCHER in self.kernel_spec.argv

    async def launch_kernel(self, cmd: List[str], **kwargs: Any) -> Any:
        """Start the kernel, or its launcher and then wait until the kernel runs. Jupyter calls this next.

        Raises:
            HTTPError: the program or container did not start. JupyterLab shows this error's message; for a kernel that
                has just died it would show nothing, and would start it again and again.
        """
        if not self._is_ours:
            return await super().launch_kernel(cmd, **kwargs)
        if not self._has_launcher:
            return await self._launch(cmd, **kwargs)
        reader, writer = os.pipe()
        try:
            env = {**(kwargs.pop("env", None) or os.environ), names.READY_FD: str(writer)}
            info = await self._launch(cmd, env=env, pass_fds=(writer,), **kwargs)
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        deadline = time.monotonic() + LONGEST_START
        said = await in_thread(_read_and_close, reader, deadline)
        if said:
            # The launcher has failed with this message, and ends.
            await self.wait()
            raise _told(said.decode(errors="replace"))
        return info

    async def _launch(self, cmd: List[str], **kwargs: Any) -> Any:
        """Start the program.

        Raises:
            HTTPError: as in ``launch_kernel``.
        """
        try:
            return await super().launch_kernel(cmd, **kwargs)
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            remedy = f"'casa-desktop kernel check {self._name}' tells more" if missing else ""
            reason = f"{error.filename or cmd[0]}: {error.strerror}"
            raise _told(str(Shortage.of(error) or KernelFailed(self._name, reason, remedy))) from error

    @property
    def _name(self) -> str:
        return str(getattr(self.parent, "kernel_name", ""))

    async def poll(self) -> Optional[int]:
        """Return the exit status, or None while the kernel runs; Jupyter calls this every few seconds.

        If the kernel's sockets had to move, for example after a logout, clients get the new paths from now on.
        """
        status: Optional[int] = await super().poll()
        if self._berth is not None and status is None:
            berth = present(self._berth)
            if berth != self._berth and self.parent is not None:
                self._berth, self.parent.ip = berth, berth.ipc
        return status

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the folder that a killed launcher has left; Jupyter calls this when the kernel has ended.

        Clients in this process connect to the restarted kernel, even if the former one's sockets are still open.
        """
        await super().cleanup(restart=restart)
        if self._berth is not None and not self.has_process:
            _hang_up(self._berth)
        if self._berth is not None and not restart:
            leave(self._berth)


def _hang_up(berth: Berth) -> None:
    """End this process's connections to the sockets of a kernel that has ended; ZMQ then connects to the next kernel.

    A process that native code has forked from the kernel has its sockets, too. While it runs, no connection ends by
    itself, and new ones to the former socket succeed without any process that answers.
    """
    with suppress(OSError):
        for each in berth.folder.glob("k-*"):
            each.unlink()
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            # Only sockets are duplicated: to close a second descriptor of a file would release the file's locks.
            if stat.S_ISSOCK(os.stat(f"/proc/self/fd/{name}").st_mode):
                _shut_down(os.dup(int(name)), berth)


def _shut_down(descriptor: int, berth: Berth) -> None:
    """Shut a connection down if it leads to one of the kernel's sockets, and close the descriptor."""
    with socket.socket(fileno=descriptor) as connection:
        # The name is the one at which the kernel bound the socket; the folder may have moved since.
        name = connection.getpeername()
        folder = Path(name if isinstance(name, str) else "").parent
        if (folder.parent.name, folder.name) == (HARBOUR, berth.folder.name):
            connection.shutdown(socket.SHUT_RDWR)


def _told(sentence: str) -> HTTPError:
    # Tornado formats the message with %, so a literal % must be doubled.
    return HTTPError(500, sentence.replace("%", "%%"))


def _read_and_close(reader: int, deadline: float) -> Optional[bytes]:
    try:
        return read_line(reader, deadline)
    finally:
        os.close(reader)
