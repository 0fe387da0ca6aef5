"""How Jupyter starts a kernel in a container: as a local one, but over unix sockets.

A container's network is its own, so no port of the kernel can be reached, and none need be. Jupyter finds this by the
entry point ``casa-desktop`` of the group ``jupyter_client.kernel_provisioners``, which a kernelspec names in its
metadata.
"""

from __future__ import annotations

import os
from typing import Any, Dict, Optional

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from .berths import Berth, leave, new_berth

NAME = "casa-desktop"


class ContainerProvisioner(LocalProvisioner):
    """The life cycle of one kernel in a container.

    The process that Jupyter knows is the launcher (``outside``), which makes the berth and removes it.
    """

    _berth: Optional[Berth] = None

    async def pre_launch(self, **kwargs: Any) -> Dict[str, Any]:
        """Choose the kernel's sockets; Jupyter calls it before each start, restarts included.

        Raises:
            RuntimeDirectoryError: there is no place for them.
        """
        manager = self.parent
        if self._berth is None:
            # The launcher's environment, in which a kernelspec may have set another runtime directory.
            self._berth = new_berth({**(kwargs.get("env") or os.environ), **self.kernel_spec.env})
        if manager is not None:
            # At a restart the same again: clients that are connected come back to these paths.
            manager.transport, manager.ip, manager.cache_ports = "ipc", self._berth.ipc, False
        return await super().pre_launch(**kwargs)

    async def cleanup(self, restart: bool = False) -> None:
        """Leave no folder of a launcher that was killed; Jupyter calls it when the kernel has ended."""
        await super().cleanup(restart=restart)
        if self._berth is not None and not restart:
            leave(self._berth)
