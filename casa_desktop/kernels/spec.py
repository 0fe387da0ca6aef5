"""The contents of a CASA kernel's kernelspec. Pure, except for checks that the files it names exist.

``casa-desktop kernel install`` writes the key ``casa_desktop`` into the metadata, to recognise its own kernelspecs.
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from .. import __version__, names
from ..containers import container as containers
from ..containers import images
from ..containers.container import Container
from ..containers.engines import ENGINES
from ..errors import InvalidContainer, InvalidKernelName
from ..system.mpi import Ranks
from ..system.pythonpath import module
from .other_python import Python

# The key of our part of the metadata, in kernel.json.
OURS = "casa_desktop"
# jupyter_client also allows a dot or a dash at the beginning, but such names are awkward on a command line.
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
# For these names a Jupyter server starts its own Python (jupyter_client, KernelManager.format_kernel_cmd).
_OWN_PYTHON = ("python", "python3")
_PROVISIONED = {"kernel_provisioner": {"provisioner_name": "casa-desktop"}}


def checked_name(name: str) -> str:
    """Return ``name`` in lower case, as Jupyter stores it.

    Raises:
        InvalidKernelName: Jupyter does not allow the name.
    """
    if not _NAME.fullmatch(name.lower()):
        raise InvalidKernelName(name)
    return name.lower()


def default_name(casa: str, container: Optional[Container] = None, ranks: Optional[Ranks] = None) -> str:
    """Return the name of a kernel for which the user has none.

    Args:
        casa: the version of its CASA.
        container: the container in which it runs, if any.
        ranks: its processes over MPI, if it runs over MPI.
    """
    engine = f"-{container.engine}" if container else ""
    return f"casa-{casa}{engine}{f'-{ranks.number}-ranks' if ranks else ''}"


def overlay_of(folder: Path) -> Path:
    """Return the folder for the overlay of the kernelspec in ``folder``, whether it has an overlay or not."""
    return folder.parent.parent / "casa-desktop" / folder.name


@dataclass(frozen=True)
class Kernel:
    """An installed CASA kernel.

    Attributes:
        name: the kernel's name.
        folder: the folder of its kernelspec.
        spec: the contents of its kernel.json.
    """

    name: str
    folder: Path
    spec: Mapping[str, Any]

    @property
    def about(self) -> Optional[Mapping[str, Any]]:
        """The metadata that ``kernel install`` wrote; None for a kernelspec from elsewhere."""
        found = self.spec.get("metadata", {}).get(OURS)
        return found if isinstance(found, dict) else None

    @property
    def is_casa(self) -> bool:
        """Whether it is a CASA kernel, no matter what wrote its kernelspec."""
        return self.about is not None or "casa_kernel" in self.spec.get("argv", ())

    @property
    def display_name(self) -> str:
        return str(self.spec.get("display_name", self.name))

    @property
    def program(self) -> str:
        """The path of the program that starts the kernel, from its kernelspec."""
        return str(next(iter(self.spec.get("argv", ())), ""))

    @property
    def container(self) -> Optional[Container]:
        """The container in which the kernel runs; None if it runs directly on this machine."""
        told = (self.about or {}).get("container")
        with suppress(InvalidContainer):
            return Container.from_dict(told) if told else None
        return None

    @property
    def where(self) -> str:
        """The container or program of the kernel, for the user to read."""
        return self.container.label if self.container else self.program

    def as_dict(self) -> Dict[str, Any]:
        """Return the kernel's description for JSON."""
        about = self.about or {}
        return {
            "name": self.name,
            "display_name": self.display_name,
            "casa": about.get("casa"),
            "folder": str(self.folder),
            "python": None if self.container else self.program,
            "container": self.container.as_dict() if self.container else None,
            "desktop": self.spec.get("env", {}).get(names.DESKTOP_NAME, "main"),
            "overlay": str(self.overlay) if self.overlay else None,
            **({"ranks": about["ranks"]} if "ranks" in about else {}),
            "removable": self.about is not None,
            "trouble": trouble(self)[0] or None,
        }

    @property
    def overlay(self) -> Optional[Path]:
        """The folder with the packages that the kernel's Python lacks; None if it lacks none."""
        return overlay_of(self.folder) if self.about and self.about.get("overlay") else None


def python_spec(
    python: str,
    found: Python,
    *,
    display_name: str = "",
    desktop: str = "",
    network: str = "",
    provisioned: bool = False,
    overlay: Optional[Path] = None,
    ranks: Optional[Ranks] = None,
    options: Sequence[str] = (),
) -> Dict[str, Any]:
    """Return the kernel.json of a kernel in a Python of this machine.

    Args:
        python: the path of the Python.
        found: the result of examining it.
        display_name: the name in JupyterLab; by default CASA and its version.
        desktop: the desktop on which the kernel's windows open; by default ``main``.
        network: the value of ``CASA_DESKTOP_NETWORK``; empty to use the environment's.
        provisioned: whether to name our provisioner: every Jupyter that sees the kernel must have it then. Otherwise
            those that have it use it all the same (``kernels.preference``), and others use TCP.
        overlay: the folder with the packages that the Python lacks.
        ranks: the processes of a kernel over MPI; None for one process.
        options: CASA's own options, like ``--nologfile``.
    """
    program = [*module(names.RANKS_LAUNCHER), *ranks.words()] if ranks else module("casa_kernel")
    variables = {"PYTHONPATH": str(overlay)} if overlay else {}
    variables.update({names.NETWORK: network} if network else {})
    return _spec(
        [python, *program, "-f", "{connection_file}", *(["--", *options] if options else [])],
        display_name or f"CASA {found.casa}{f' ({ranks.number} ranks)' if ranks else ''}",
        {**variables, **_desktop(desktop)},
        {
            "casa": found.casa,
            "python": python,
            "overlay": overlay is not None,
            **({"ranks": ranks.number, "hosts": ranks.hosts} if ranks else {}),
        },
        # An overlay always contains debugpy, because ipykernel requires it.
        debugger=found.debugger or overlay is not None,
        provisioned=provisioned,
    )


def container_spec(
    python: str,
    container: Container,
    found: Python,
    *,
    display_name: str = "",
    desktop: str = "",
    provisioned: bool = False,
    options: Sequence[str] = (),
) -> Dict[str, Any]:
    """Return the kernel.json of a kernel in a container.

    Args:
        python: the Python of this installation; it starts the container.
        container: the container in which the kernel runs.
        found: the result of examining the Python in the container.
        display_name: the name in JupyterLab; by default CASA, its version, and the engine.
        desktop, provisioned, options: as in ``python_spec``.
    """
    return _spec(
        containers.kernel_argv(python, container, options),
        display_name or f"CASA {found.casa} ({ENGINES[container.engine].title})",
        _desktop(desktop),
        {"casa": found.casa, "container": container.as_dict()},
        debugger=found.debugger,
        provisioned=provisioned,
    )


def _spec(
    argv: Sequence[str],
    display_name: str,
    env: Mapping[str, str],
    about: Mapping[str, Any],
    *,
    debugger: bool,
    provisioned: bool,
) -> Dict[str, Any]:
    return {
        "argv": list(argv),
        "display_name": display_name,
        "language": "python",
        "interrupt_mode": "signal",
        "env": dict(env),
        "metadata": {
            **({"debugger": True} if debugger else {}),
            **(_PROVISIONED if provisioned else {}),
            OURS: {"version": __version__, **about},
        },
    }


def trouble(kernel: Kernel) -> Tuple[str, str]:
    """Return what keeps a kernel from starting, as far as that can be checked without starting it, and the remedy.

    Both are empty if nothing was found. The kernelspec's Python, its overlay, the engine or the image's file may have
    been removed since the kernelspec was written.
    """
    said = _trouble(kernel)
    again = f"write it again with casa-desktop kernel install --name {kernel.name} --replace and what it needs, or "
    if not said or kernel.about is None:
        return said, ""
    return said, f"{again}remove it with casa-desktop kernel remove {kernel.name}"


def _trouble(kernel: Kernel) -> str:
    if not kernel.program:
        return f"its {kernel.folder / 'kernel.json'} cannot be read"
    if kernel.program not in _OWN_PYTHON and shutil.which(kernel.program) is None:
        return f"there is no program {kernel.program}"
    if kernel.overlay and not kernel.overlay.is_dir():
        return f"there is no folder {kernel.overlay}"
    hosts = (kernel.about or {}).get("hosts")
    if hosts and not Path(hosts).is_file():
        return f"there is no hosts file {hosts}"
    version = (kernel.about or {}).get("version", __version__)
    if kernel.overlay and version != __version__:
        return f"its casa-desktop is {version}, but this is {__version__}"
    return images.trouble(kernel.container) if kernel.container else ""


def _desktop(name: str) -> Dict[str, str]:
    return {names.DESKTOP_NAME: name} if name else {}
