"""Gives jupyter_client the kernelspec of a kernel that is made for one run."""

from __future__ import annotations

from typing import Any, Mapping

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager


class GivenSpec(KernelSpecManager):
    """Knows a single kernel, which is not installed.

    Args:
        spec: what its kernel.json would say.
    """

    def __init__(self, spec: Mapping[str, Any]) -> None:
        super().__init__()
        self._spec = spec

    def get_kernel_spec(self, _name: str) -> KernelSpec:
        """Return it, whatever name is asked for. Called by jupyter_client."""
        return KernelSpec(resource_dir="", **self._spec)
