"""The kernelspecs of CASA kernels in Jupyter's folders: finding, writing and removing them.

The kernelspec ``casa`` comes with the wheel. All others are written by ``casa-desktop kernel install``, and only those
are ever replaced or removed. Their files are written and removed by jupyter_client alone, which is imported when it is
needed, for that takes a tenth of a second.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Mapping, Optional

from .errors import ForeignKernel, KernelNotWritten, KernelTaken, KernelUnknown
from .kernels import Kernel, overlay_of

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpecManager


@dataclass(frozen=True)
class Place:
    """Where kernelspecs are written: the user's own folder, or the one below a prefix.

    Attributes:
        prefix: like ``sys.prefix``; None for the user's own.
    """

    prefix: Optional[str] = None

    def folder(self, name: str) -> Path:
        """Return the folder of the kernel ``name``."""
        return self._data() / "kernels" / name

    def overlay(self, name: str) -> Path:
        """Return the folder for what the Python of the kernel ``name`` lacks."""
        return overlay_of(self.folder(name))

    def _data(self) -> Path:
        if self.prefix is not None:
            return Path(self.prefix).absolute() / "share" / "jupyter"
        from jupyter_core.paths import jupyter_data_dir

        return Path(jupyter_data_dir())


def installed() -> List[Kernel]:
    """Return all CASA kernels that a Jupyter server of this user would find from this Python, by name."""
    found = (_read(name, folder) for name, folder in sorted(_manager().find_kernel_specs().items()))
    return [kernel for kernel in found if kernel.is_casa]


def _read(name: str, folder: str) -> Kernel:
    try:
        spec = json.loads(Path(folder, "kernel.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        spec = {}
    return Kernel(name, Path(folder), spec if isinstance(spec, dict) else {})


def get(name: str) -> Kernel:
    """Return the kernel ``name``, whether it is CASA's or not.

    Raises:
        KernelUnknown: there is none.
    """
    found = _manager().find_kernel_specs()
    if name.lower() not in found:
        raise KernelUnknown(name, [kernel.name for kernel in installed()])
    return _read(name.lower(), found[name.lower()])


def check_free(name: str, place: Place, *, replace: bool) -> None:
    """Look whether a kernel may be written under a name.

    Raises:
        KernelTaken: there is one of that name, and it is not to be replaced.
        ForeignKernel: there is one, and it is not ours to replace.
    """
    found = _manager().find_kernel_specs()
    # Also where this Python's Jupyter would not look.
    folder = place.folder(name) if place.folder(name).exists() else Path(found.get(name, place.folder(name)))
    if not folder.exists():
        return
    if not replace:
        raise KernelTaken(name, folder)
    if folder == place.folder(name) and _read(name, str(folder)).about is None:
        raise ForeignKernel(name, folder)


def install(name: str, spec: Mapping[str, Any], place: Place) -> Kernel:
    """Write a kernelspec, in place of one of that name.

    Raises:
        KernelNotWritten: the folder cannot be written.
    """
    with tempfile.TemporaryDirectory() as private:
        # Its mode is copied, too, and others may have to read it.
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
    """Return the pictures that the wheel has brought for the kernel ``casa``."""
    files = metadata.files("casa-desktop") or []
    found = (Path(str(file.locate())) for file in files if file.name.startswith("logo-"))
    return [path for path in found if path.is_file()]


def remove(name: str) -> Path:
    """Remove a kernelspec that ``install`` wrote, and its overlay; return the folder where it was.

    Raises:
        KernelUnknown: there is none of that name.
        ForeignKernel: it is not one of ours.
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
    """Remove an overlay, if it is there, and the folder of all overlays when it was the last."""
    shutil.rmtree(folder, ignore_errors=True)
    # Other kernels' overlays are in it, or it is not there.
    with suppress(OSError):
        folder.parent.rmdir()


def _manager() -> KernelSpecManager:
    from jupyter_client.kernelspec import KernelSpecManager

    # Its own list of names and its Python 3 kernel are of no use here.
    manager = KernelSpecManager(ensure_native_kernel=False)
    manager.log.setLevel("ERROR")
    return manager
