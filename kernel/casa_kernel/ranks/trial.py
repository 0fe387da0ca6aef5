"""Try whether CASA works on several processes here: ``python -m casa_kernel.ranks.trial``, for ``doctor``.

It starts two ranks as a kernel over MPI does, each with CASA's C++ and so with the MPI library of a kernel, has them
exchange a number, and prints JSON: ``{"library": "Open MPI v5.0.1"}``, or ``{"error": "why not"}``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Dict

from casa_desktop.errors import CasaDesktopError
from casa_desktop.network import isolate, namespace
from casa_desktop.system import mpi
from casa_desktop.system.mpi import Ranks
from casa_desktop.system.pythonpath import module

from ..casa import imports, servers

_RANKS = Ranks(2, oversubscribed=True)
_SECONDS = 30.0
_MARK = "casa-desktop tried: "


def attempt() -> Dict[str, str]:
    """Start the two ranks; return the MPI library, or an error."""
    one = [sys.executable, *module("casa_kernel.ranks.trial"), "rank"]
    try:
        mpirun = mpi.program(os.environ)
        isolate.seclude(os.environ)
        private = namespace.is_private(os.environ)
    except CasaDesktopError as error:
        return {"error": str(error)}
    argv = mpi.command(mpirun, _RANKS, one, one, root=os.geteuid() == 0, private=private)
    environ = mpi.environment(os.environ, _RANKS, mpi.processors())
    pipe = subprocess.PIPE
    with subprocess.Popen(
        argv, env=environ, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, start_new_session=True
    ) as trial:
        try:
            printed, complaints = trial.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            # mpirun ends its ranks.
            trial.terminate()
            with suppress(subprocess.TimeoutExpired):
                trial.communicate(timeout=5)
            return {"error": f"two ranks have not met within {_SECONDS:g} s"}
        finally:
            if trial.poll() is None:
                os.killpg(trial.pid, signal.SIGKILL)
    lines = printed.decode(errors="replace").splitlines()
    found = [line.partition(_MARK)[2] for line in lines if _MARK in line]
    return {"library": found[0]} if found else {"error": mpi.complaint(complaints) or "the two ranks said nothing"}


def meet() -> None:
    """Exchange a number with the other rank; rank 0 prints the MPI library."""
    imports.prepare(os.environ)
    imports.load_tools(Path(sys.executable), {"logfile": os.devnull})
    library = servers.meet(_RANKS.number)
    if library:
        print(f"{_MARK}{library}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["rank"]:
        meet()
    else:
        print(json.dumps(attempt()))
