"""What is in the kernelspec of a CASA kernel. Pure, but for a look whether the files that it names are there.

``casa-desktop kernel install`` puts ``casa_desktop`` into the metadata; by that its kernelspecs are known again.
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from . import __version__, containers, images
from .containers import Container
from .errors import InvalidContainer, InvalidKernelName
from .foreign import Python
from .network import VARIABLE
from .ourselves import module

# The key of our part of the metadata, in kernel.json.
OURS = "casa_desktop"
# jupyter_client would take a dot or a dash at the beginning, too, but they get into the way of a command line.
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
# A Jupyter server takes its own Python for these names (jupyter_client, KernelManager.format_kernel_cmd).
_OWN_PYTHON = ("python", "python3")
_PROVISIONED = {"kernel_provisioner": {"provisioner_name": "casa-desktop"}}
_TITLES = {
    "apptainer": "Apptainer",
    "bwrap": "sandbox",
    "docker": "Docker",
    "podman": "Podman",
    "singularity": "Singularity",
}


def checked_name(name: str) -> str:
    """Return ``name`` in lower case, as Jupyter keeps it.

    Raises:
        InvalidKernelName: Jupyter would not take it.
    """
    if not _NAME.fullmatch(name.lower()):
        raise InvalidKernelName(name)
    return name.lower()


def overlay_of(folder: Path) -> Path:
    """Return where the overlay of the kernelspec in ``folder`` is, if it has one."""
    return folder.parent.parent / "casa-desktop" / folder.name


@dataclass(frozen=True)
class Kernel:
    """An installed CASA kernel.

    Attributes:
        name: its name.
        folder: where its kernelspec is.
        spec: the contents of its kernel.json.
    """

    name: str
    folder: Path
    spec: Mapping[str, Any]

    @property
    def about(self) -> Optional[Mapping[str, Any]]:
        """What ``kernel install`` wrote of it; None for a kernelspec that something else wrote."""
        found = self.spec.get("metadata", {}).get(OURS)
        return found if isinstance(found, dict) else None

    @property
    def is_casa(self) -> bool:
        """Whether it is a CASA kernel, whoever wrote its kernelspec."""
        return self.about is not None or "casa_kernel" in self.spec.get("argv", ())

    @property
    def display_name(self) -> str:
        return str(self.spec.get("display_name", self.name))

    @property
    def program(self) -> str:
        """The path of the program that starts it, by its kernelspec."""
        return str(next(iter(self.spec.get("argv", ())), ""))

    @property
    def container(self) -> Optional[Container]:
        """Where it runs; None for this machine itself."""
        told = (self.about or {}).get("container")
        with suppress(InvalidContainer):
            return Container.from_dict(told) if told else None
        return None

    @property
    def where(self) -> str:
        """Where it runs, as a user would say it."""
        return self.container.label if self.container else self.program

    def as_dict(self) -> Dict[str, Any]:
        """Return what there is to know of it, for JSON."""
        about = self.about or {}
        return {
            "name": self.name,
            "display_name": self.display_name,
            "casa": about.get("casa"),
            "folder": str(self.folder),
            "python": None if self.container else self.program,
            "container": self.container.as_dict() if self.container else None,
            "desktop": self.spec.get("env", {}).get("CASA_DESKTOP_NAME", "main"),
            "overlay": str(self.overlay) if self.overlay else None,
            "removable": self.about is not None,
            "trouble": trouble(self)[0] or None,
        }

    @property
    def overlay(self) -> Optional[Path]:
        """Where what its Python lacks is kept; None where it lacks nothing."""
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
    options: Sequence[str] = (),
) -> Dict[str, Any]:
    """Return the kernel.json of a kernel in a Python of this machine.

    Args:
        python: the path by which it is to be started.
        found: what it says of itself.
        display_name: what JupyterLab shows; by default CASA and its version.
        desktop: the desktop on which its windows open; by default ``main``.
        network: its ``CASA_DESKTOP_NETWORK``; empty for what the environment says.
        provisioned: every Jupyter that sees it knows our provisioner, and so speaks to it over unix sockets; one that
            does not know it would refuse the kernel (jupyter_client, KernelSpecManager.get_kernel_spec).
        overlay: the folder with what it lacks.
        options: CASA's own, like ``--nologfile``.
    """
    variables = {"PYTHONPATH": str(overlay)} if overlay else {}
    variables.update({VARIABLE: network} if network else {})
    return {
        "argv": [python, *module("casa_kernel"), "-f", "{connection_file}", *(["--", *options] if options else [])],
        "display_name": display_name or f"CASA {found.casa}",
        "language": "python",
        "interrupt_mode": "signal",
        "env": {**variables, **_desktop(desktop)},
        "metadata": {
            # What is in the overlay brings debugpy, for ipykernel asks for it.
            **({"debugger": True} if found.debugger or overlay else {}),
            **(_PROVISIONED if provisioned else {}),
            OURS: {"version": __version__, "casa": found.casa, "python": python, "overlay": overlay is not None},
        },
    }


def container_spec(
    python: str,
    container: Container,
    found: Python,
    *,
    display_name: str = "",
    desktop: str = "",
    options: Sequence[str] = (),
) -> Dict[str, Any]:
    """Return the kernel.json of a kernel in a container.

    Args:
        python: the Python of this installation; it starts the container.
        container: where the kernel runs.
        found: what the Python in there says of itself.
        display_name: what JupyterLab shows; by default CASA, its version, and the engine.
        desktop, options: as of ``python_spec``.
    """
    return {
        "argv": containers.kernel_argv(python, container, options),
        "display_name": display_name or f"CASA {found.casa} ({_TITLES.get(container.engine, container.engine)})",
        "language": "python",
        "interrupt_mode": "signal",
        "env": _desktop(desktop),
        "metadata": {
            **({"debugger": True} if found.debugger else {}),
            **_PROVISIONED,
            OURS: {"version": __version__, "casa": found.casa, "container": container.as_dict()},
        },
    }


def trouble(kernel: Kernel) -> Tuple[str, str]:
    """Return what keeps a kernel from starting, as far as it is seen from outside, and the remedy; empty where nothing.

    The kernelspec's Python, its overlay, the engine and the image's file may have gone since it was written.
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
    version = (kernel.about or {}).get("version", __version__)
    if kernel.overlay and version != __version__:
        return f"its casa-desktop is {version}, but this is {__version__}"
    return images.trouble(kernel.container) if kernel.container else ""


def _desktop(name: str) -> Dict[str, str]:
    return {"CASA_DESKTOP_NAME": name} if name else {}
