"""Join the reuse of results to CASA and to the notebook; imported when reuse is first switched on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Dict, Sequence

from casa_desktop.store.digests import Digests

from ..casa import beams, tables
from ..casa.imports import Casa
from ..reuse.calls import Calls, Notebook
from ..reuse.surroundings import Surroundings
from .printed import Printed
from .streams import NativeStream


def calls(
    casa: Casa,
    front: Notebook,
    streams: Sequence[NativeStream],
    logfile: Callable[[], Path],
    cell: Callable[[], str],
) -> Calls:
    """Return the calls of this kernel.

    Args:
        casa: the imported CASA.
        front: the notebook.
        streams: the kernel's standard output and error.
        logfile: returns the path of CASA's log.
        cell: returns the name of the running cell, like ``[7]``.
    """
    measures = getattr(casa.names["ctsys"], "measurespath", None)
    folders = dict.fromkeys((casa.data_folder, str(measures()) if measures is not None else casa.data_folder))
    surroundings = Surroundings([Path(each) for each in folders if each], Digests(), os.environ)

    def around(task: str, hidden: Sequence[str]) -> Dict[str, str]:
        memory = {"primary beams": beams.digest(casa)} if "vp" in hidden else {}
        return {**surroundings.of(task), **memory}

    return Calls(
        front,
        Printed(streams),
        logfile,
        cell,
        around,
        lambda path, files: tables.columns(casa, Path(path), list(files)),
        os.environ,
    )
