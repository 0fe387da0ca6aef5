"""Finds, writes and removes the kernelspecs of CASA kernels in Jupyter's folders.

The wheel installs the kernelspec ``casa``. ``casa-desktop kernel install`` writes all others, and only those are ever
replaced or removed. Only jupyter_client writes and removes their files. It is imported when it is needed, because the
import takes 0.1 s.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Mapping, Optional

from ..errors import ForeignKernel, KernelNotWritten, KernelTaken, KernelUnknown
from ..system.quiet_log import quieter
from .spec import Kernel, overlay_of

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpecManager


@dataclass(frozen=True)
class Place:
    """A place for kernelspecs: the user's own folder, or one below a prefix.

    Attributes:
        prefix: a prefix like ``sys.prefix``; None for the user's own folder.
    """

    prefix: Optional[str] = None

    def folder(self, name: str) -> Path:
        """Return the folder of the kernel ``name``."""
        return self._data() / "kernels" / name

    def overlay(self, name: str) -> Path:
        """Return the folder for the packages that the Python of the kernel ``name`` lacks."""
        return overlay_of(self.folder(name))

    @property
    def is_own(self) -> bool:
        """Whether only this Python's Jupyter, which has our provisioner, searches the place by itself."""
        from jupyter_core.paths import SYSTEM_JUPYTER_PATH

        return self.prefix == sys.prefix and str(self._data()) not in SYSTEM_JUPYTER_PATH

    def _data(self) -> Path:
        if self.prefix is not None:
            return Path(self.prefix).absolute() / "share" / "jupyter"
        from jupyter_core.paths import jupyter_data_dir

        return Path(jupyter_data_dir())


def installed() -> List[Kernel]:
    """Return all CASA kernels that a Jupyter server of this user and this Python finds, sorted by name."""
    found = (_read(name, folder) for name, folder in sorted(_manager().find_kernel_specs().items()))
    return [kernel for kernel in found if kernel.is_casa]


def _read(name: str, folder: str) -> Kernel:
    try:
        spec = json.loads(Path(folder, "kernel.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        spec = {}
    return Kernel(name, Path(folder), spec if isinstance(spec, dict) else {})


def get(name: str) -> Kernel:
    """Return the kernel ``name``, which need not be a CASA kernel.

    Raises:
        KernelUnknown: there is no kernel of that name.
    """
    found = _manager().find_kernel_specs()
    if name.lower() not in found:
        raise KernelUnknown(name, [kernel.name for kernel in installed()])
    return _read(name.lower(), found[name.lower()])


def check_free(name: str, place: Place, *, replace: bool) -> None:
    """Check that a kernel may be written under a name.

    Raises:
        KernelTaken: there is a kernel of that name, and ``replace`` is false.
        ForeignKernel: there is a kernel of that name that ``kernel install`` did not write.
    """
    found = _manager().find_kernel_specs()
    # Check the folder itself, too: this Python's Jupyter may not search there.
    folder = place.folder(name) if place.folder(name).exists() else Path(found.get(name, place.folder(name)))
    if not folder.exists():
        return
    if not replace:
        raise KernelTaken(name, folder)
    if folder == place.folder(name) and _read(name, str(folder)).about is None:
        raise ForeignKernel(name, folder)


def install(name: str, spec: Mapping[str, Any], place: Place) -> Kernel:
    """Write a kernelspec; replace an existing one of that name.

    Raises:
        KernelNotWritten: the folder cannot be written.
    """
    with tempfile.TemporaryDirectory() as private:
        # A subfolder, because its mode is copied too, and other users may have to read the kernelspec.
        source = Path(private, name)
        source.mkdir()
        (source / "kernel.json").write_text(json.dumps(spec, indent=1) + "\n", encoding="utf-8")
        for logo in logos():
            shutil.copy(logo, source)
        try:
            written = _manager().install_kernel_spec(
                str(source), kernel_name=name, user=place.prefix is None, prefix=place.prefix
            )
        except (OSError, shutil.Error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise KernelNotWritten(place.folder(name), reason) from error
    return _read(name, written)


def logos() -> List[Path]:
    """Return the logos that the wheel installed for the kernel ``casa``."""
    files = metadata.files("casa-desktop") or []
    found = (Path(str(file.locate())) for file in files if file.name.startswith("logo-"))
    return [path for path in found if path.is_file()]


def remove(name: str) -> Path:
    """Remove a kernelspec that ``install`` wrote, and its overlay; return the removed kernelspec's folder.

    Raises:
        KernelUnknown: there is no kernel of that name.
        ForeignKernel: ``kernel install`` did not write it.
        KernelNotWritten: its folder cannot be removed.
    """
    kernel = get(name)
    if kernel.about is None:
        raise ForeignKernel(kernel.name, kernel.folder)
    try:
        _manager().remove_kernel_spec(kernel.name)
        if kernel.overlay is not None:
            remove_overlay(kernel.overlay)
    except OSError as error:
        raise KernelNotWritten(kernel.folder, error.strerror or str(error)) from error
    return kernel.folder


def remove_overlay(folder: Path) -> None:
    """Remove an overlay if it exists; remove the folder of all overlays if that is empty then."""
    shutil.rmtree(folder, ignore_errors=True)
    # It fails if other kernels' overlays are there, or if the folder does not exist.
    with suppress(OSError):
        folder.parent.rmdir()


def _manager() -> KernelSpecManager:
    from jupyter_client.kernelspec import KernelSpecManager

    # Its list of allowed names and its Python 3 kernel are not needed here.
    manager = KernelSpecManager(ensure_native_kernel=False)
    manager.log = quieter(manager.log, "ERROR")
    return manager
