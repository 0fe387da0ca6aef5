"""Has this process start CASA kernels by our provisioner, also those whose kernelspecs do not name it.

A kernelspec that names a provisioner is invisible to each Jupyter that does not have it (jupyter_client,
KernelSpecManager.get_kernel_spec). So kernelspecs for other Jupyters do not name ours, and those processes that have it
make it their default instead. It starts all other kernels exactly as the local provisioner does.

This concerns one process only: neither a configuration file nor an environment variable could reach a Jupyter without
the provisioner, in which no kernel would start then.
"""

from __future__ import annotations

from typing import Any

NAME = "casa-desktop"
_LOCAL = "local-provisioner"


def prefer(parent: Any = None) -> None:
    """Make our provisioner the default if it is installed and no other one was chosen.

    Args:
        parent: the application from whose configuration the choice is read.
    """
    from jupyter_client.provisioning.factory import KernelProvisionerFactory

    factory = KernelProvisionerFactory.instance(parent=parent)
    if factory.default_provisioner_name == _LOCAL and NAME in factory.get_provisioner_entries():
        factory.default_provisioner_name = NAME
