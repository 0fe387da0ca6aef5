"""``casa-desktop kernel install``: turns the options into a working kernelspec."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..containers import images
from ..containers.container import Container
from ..desktop import x_server_source
from ..errors import CasampiMissing, HostsOutOfReach, InvalidSetting
from ..network import namespace
from ..runtime.directory import checked_name as checked_desktop
from ..system import mpi
from ..system.mpi import Ranks
from . import image_probe, overlay, store
from .other_python import Python, checked_casa, examine, neutral, program
from .spec import Kernel, checked_name, container_spec, default_name, python_spec
from .store import Place


@dataclass(frozen=True)
class Wish:
    """The options for a new kernel.

    Attributes:
        place: where the kernelspec is written.
        python: the path of the Python; None for this one, or for an image's own.
        container: the container in which the kernel runs; None to run it directly on this machine.
        name: the kernel's name; empty for a name from CASA's version and the engine.
        display_name: the name in the launcher; empty for one from CASA's version and the engine.
        desktop: the desktop for the kernel's windows; empty for ``main``.
        network: ``host`` or ``private`` for a kernel directly on this machine; empty to use the environment's choice.
        ranks: the processes of a kernel over MPI; None for one process.
        options: CASA's own options.
        replace: whether an existing kernelspec that ``kernel install`` wrote may be replaced.
    """

    place: Place
    python: Optional[str] = None
    container: Optional[Container] = None
    name: str = ""
    display_name: str = ""
    desktop: str = ""
    network: str = ""
    ranks: Optional[Ranks] = None
    options: Tuple[str, ...] = ()
    replace: bool = False


def install(wish: Wish, environ: Mapping[str, str]) -> Tuple[Kernel, List[str]]:
    """Write the kernelspec; return the kernel, and messages for the user.

    Raises:
        CasaDesktopError: a requirement is not met; nothing is left behind then.
    """
    if wish.name:
        # Fail before the steps that take long.
        store.check_free(checked_name(wish.name), wish.place, replace=wish.replace)
    if wish.desktop:
        checked_desktop(wish.desktop)
    if wish.ranks is not None:
        check_ranks(wish.ranks, wish.network, environ, mpi.processors())
    build = _in_container if wish.container else _on_machine
    return build(wish, environ)


def check_ranks(ranks: Ranks, network: str, environ: Mapping[str, str], processors: int) -> None:
    """Check what can be checked before a kernel over MPI starts.

    Args:
        ranks: the kernel's processes.
        network: as in a wish.
        environ: the environment of the kernel.
        processors: how many it may use.

    Raises:
        CasaDesktopError: something is missing or wrong.
    """
    mpi.checked(ranks, processors)
    mpi.program(environ)
    wanted = network != "host" if network else namespace.wanted(environ)
    if ranks.hosts and wanted:
        raise HostsOutOfReach(ranks.hosts)


def _on_machine(wish: Wish, environ: Mapping[str, str]) -> Tuple[Kernel, List[str]]:
    python = program(wish.python or sys.executable)
    found = checked_casa(examine([python], neutral(environ)), python)
    if wish.ranks is not None:
        check_casampi(found, python)
    name = _free_name(wish, found)
    folder = wish.place.overlay(name)
    # The kernel's and the desktop's casa-desktop may be separate installations, but their versions must be equal.
    lacks = bool(found.lacking()) or not found.has_ours
    if lacks:
        overlay.build(python, found, folder, environ)
    spec = python_spec(
        python,
        found,
        display_name=wish.display_name,
        desktop=wish.desktop,
        network=wish.network,
        provisioned=wish.place.is_own,
        overlay=folder if lacks else None,
        ranks=wish.ranks,
        options=wish.options,
    )
    said = [f"What {python} lacks is in {folder}."] if lacks else []
    return _write(name, spec, wish.place, lacks), said


def check_casampi(found: Python, python: str) -> None:
    """Check that a Python has what a kernel over MPI needs.

    Args:
        found: the result of examining it.
        python: its path.

    Raises:
        CasampiMissing: it has not.
    """
    if not (found.versions.get("casampi") and found.versions.get("mpi4py")):
        raise CasampiMissing(python)


def _in_container(wish: Wish, environ: Mapping[str, str]) -> Tuple[Kernel, List[str]]:
    assert wish.container is not None
    images.fetch(wish.container)
    found = image_probe.look_for_casa(wish.container, environ)
    name = _free_name(wish, found)
    spec = container_spec(
        sys.executable,
        wish.container,
        found,
        display_name=wish.display_name,
        desktop=wish.desktop,
        provisioned=wish.place.is_own,
        options=wish.options,
    )
    kernel = _write(name, spec, wish.place, False)
    return kernel, _provide_x_server(wish.container, found, environ)


def _free_name(wish: Wish, found: Python) -> str:
    name = checked_name(wish.name or default_name(found.casa, wish.container, wish.ranks))
    store.check_free(name, wish.place, replace=wish.replace)
    return name


def _write(name: str, spec: Dict[str, Any], place: Place, has_overlay: bool) -> Kernel:
    """Write the kernelspec, and make sure that an overlay exists only if the kernel has one."""
    try:
        kernel = store.install(name, spec, place)
    except BaseException:
        if not place.folder(name).exists():
            store.remove_overlay(place.overlay(name))
        raise
    if not has_overlay:
        # The replaced kernel may have had an overlay.
        store.remove_overlay(place.overlay(name))
    return kernel


def _provide_x_server(container: Container, found: Python, environ: Mapping[str, str]) -> List[str]:
    """If this machine has no X server, choose the image's for desktops; return messages for the user."""
    try:
        undecided = not x_server_source.chosen(environ).source
    except InvalidSetting as error:
        return [str(error)]
    if not undecided or not container.image or x_server_source.own_program() or not found.x_server:
        return []
    path = x_server_source.configure(environ, container)
    return [
        f"This machine has no X server of its own, so desktops will run in {container.label}, too; that is written in "
        f"{path}, and 'casa-desktop x-server' changes it."
    ]
