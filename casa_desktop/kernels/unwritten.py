"""Kernels of one run, over MPI or in a container: as ``kernel install`` makes them, but nothing is written."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional

from ..containers import images
from ..containers.container import Container
from ..system import mpi
from ..system.mpi import Ranks
from . import image_probe
from .install import check_casampi, check_ranks
from .other_python import checked_casa, examine, neutral
from .spec import Kernel, container_spec, default_name, python_spec


@dataclass(frozen=True)
class Draft:
    """What a run's own kernel is; either ``ranks`` or ``container`` is given.

    Attributes:
        ranks: its processes over MPI, with this Python.
        container: the container in which it runs.
        network: ``host`` or ``private`` for a kernel over MPI; empty to use the environment's choice.
        elsewhere: whether it runs on another machine, whose number of processors is not known here.
    """

    ranks: Optional[Ranks] = None
    container: Optional[Container] = None
    network: str = ""
    elsewhere: bool = False


def made(draft: Draft, environ: Mapping[str, str]) -> Kernel:
    """Return the kernel, which has no folder.

    Raises:
        CasaDesktopError: a requirement is not met, as ``install.install`` raises it.
    """
    if draft.container is not None:
        return _in_container(draft.container, environ)
    assert draft.ranks is not None
    return _over_mpi(draft, draft.ranks, environ)


def _in_container(container: Container, environ: Mapping[str, str]) -> Kernel:
    images.fetch(container)
    found = image_probe.look_for_casa(container, environ)
    spec = container_spec(sys.executable, container, found, provisioned=True)
    return Kernel(default_name(found.casa, container), Path(), spec)


def _over_mpi(draft: Draft, ranks: Ranks, environ: Mapping[str, str]) -> Kernel:
    here = mpi.processors()
    check_ranks(ranks, draft.network, environ, max(here, ranks.number) if draft.elsewhere else here)
    found = checked_casa(examine([sys.executable], neutral(environ)), sys.executable)
    check_casampi(found, sys.executable)
    spec = python_spec(sys.executable, found, network=draft.network, provisioned=True, ranks=ranks)
    return Kernel(default_name(found.casa, ranks=ranks), Path(), spec)
