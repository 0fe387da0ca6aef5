"""The kernels' provisioner, by the name that installations of earlier versions have for it."""

from __future__ import annotations

from .kernels.provisioner import ContainerProvisioner

__all__ = ["ContainerProvisioner"]
