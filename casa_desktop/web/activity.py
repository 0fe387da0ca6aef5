"""Work that Jupyter does not see, told to what ends idle kernels and servers.

- Jupyter ends a kernel that has sent nothing for a while (``MappingKernelManager.cull_idle_timeout``), although its
  user works in one of its windows: in plotms, say, whose cell ended long ago.
- A hub ends a server that reports no activity, although a cell runs that prints nothing.

Both are asked for at the moment in which the answer matters, so nothing has to be kept up to date.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Set

from jupyter_server.serverapp import ServerApp

from .. import names
from ..desktop import registry
from ..errors import CasaDesktopError
from ..system.executor import in_thread
from ..x11.uses import use_of


def install(server: ServerApp) -> None:
    """Have a Jupyter server count this work as activity."""
    settings = server.web_app.settings
    # Jupyter takes the newest of these times whenever it is asked for its last activity (jupyter_server 2.21).
    settings["last_activity_times"] = _Times(settings.get("last_activity_times", {}), server.kernel_manager)
    _keep_used_kernels(server)


class _Times(Dict[str, datetime]):
    """The times of a server's last activities, by kind; while a cell runs, the present is one of them."""

    def __init__(self, times: Dict[str, datetime], manager: Any) -> None:
        super().__init__(times)
        self._manager = manager

    def values(self) -> List[datetime]:  # type: ignore[override]
        """Return the times."""
        return [*super().values(), *([_now()] if self._is_busy() else [])]

    def _is_busy(self) -> bool:
        kernels = [self._manager.get_kernel(each) for each in self._manager.list_kernel_ids()]
        # Jupyter sets the attribute once it has connected to the kernel.
        return any(getattr(each, "execution_state", None) == "busy" for each in kernels)


def _keep_used_kernels(server: ServerApp) -> None:
    """Have the culler of idle kernels look at their windows first."""
    manager: Any = server.kernel_manager
    cull = manager.cull_kernel_if_idle

    async def cull_kernel_if_idle(kernel_id: str) -> None:
        kernel = manager.get_kernel(kernel_id)
        try:
            quiet = await in_thread(_since_input, kernel)
        except (CasaDesktopError, OSError) as error:
            # Unsaved work may be lost with a kernel; there will be another look.
            server.log.warning("casa-desktop: whether the kernel %s is in use is not known: %s", kernel_id, error)
            return
        if quiet is not None and hasattr(kernel, "last_activity"):
            kernel.last_activity = max(kernel.last_activity, _now() - timedelta(seconds=quiet))
        await cull(kernel_id)

    # Patch the object instead of subclassing: the administrator chooses the class.
    manager.cull_kernel_if_idle = cull_kernel_if_idle


def _since_input(kernel: Any) -> float | None:
    """Return the seconds since the last input on a desktop that has a window of the kernel's; None if none has one.

    Raises:
        CasaDesktopError: this cannot be determined now.
    """
    uses = [use for use in map(use_of, registry.list_desktops()) if use is not None]
    if not _is_contained(kernel) and uses:
        own = _processes(kernel)
        uses = [use for use in uses if own & use.clients]
    return min((use.quiet for use in uses), default=None)


def _is_contained(kernel: Any) -> bool:
    # A container's engine is the parent of its processes, and only it knows which they are. All desktops count as used
    # by such a kernel.
    return bool({names.CONTAINED_KERNEL, names.CONTAINED_KERNEL_BEFORE} & set(kernel.kernel_spec.argv))


def _processes(kernel: Any) -> Set[int]:
    """Return the PIDs of a kernel's process and of all below it."""
    import psutil

    pid = getattr(kernel.provisioner, "pid", None)
    try:
        return {pid, *(each.pid for each in psutil.Process(pid).children(recursive=True))} if pid else set()
    except psutil.Error:
        # The kernel has just ended.
        return set()


def _now() -> datetime:
    return datetime.now(timezone.utc)
