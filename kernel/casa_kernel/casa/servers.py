"""CASA's servers under MPI: how often they look for work, what they leave alone, and where they write their log.

casampi has one process that a user works with, the client, and servers to which tasks give parts of their work. Read
in casampi 0.6.0; what another release does not have is left as it is.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Tuple

from . import import_hook

# Seconds between two looks. casampi looks for a command every 0.1 s, so that each takes that long; for the end it
# looks every 3 s, and with its heartbeat of 5 s the end of a kernel takes 17 s. A look takes some microseconds.
_COMMANDS, _SERVICES, _HEARTBEAT = 0.005, 0.02, 0.5
_PACE = {
    "mpi_start_service_sleep_time": _SERVICES,
    "mpi_stop_service_sleep_time": 0.1,
    "mpi_check_start_service_sleep_time": _SERVICES,
    "mpi_check_stop_service_sleep_time": _SERVICES,
    "mpi_monitor_status_service_heartbeat": _HEARTBEAT,
    "mpi_ping_status_request_handler_service_sleep_time": _HEARTBEAT,
    "mpi_ping_status_response_handler_service_sleep_time": _HEARTBEAT,
    "mpi_command_request_handler_service_sleep_time": _COMMANDS,
    "mpi_command_response_handler_service_sleep_time": _COMMANDS,
    "mpi_command_request_queue_service_sleep_time": _COMMANDS,
    "mpi_push_command_request_block_mode_sleep_time": _COMMANDS,
}


def prepare() -> None:
    """Change casampi in this process, a rank, when CASA imports it."""
    import_hook.after("casampi.MPIEnvironment", _hasten)
    import_hook.after("casampi.MPICommandClient", _share_log)
    import_hook.after("casampi.MPICommandClient", _end_at_once)
    import_hook.after("casampi.private.MPICommandServer", _leave_x_alone)


def _hasten(module: ModuleType) -> None:
    for name, seconds in _PACE.items():
        if hasattr(module.MPIEnvironment, name):
            setattr(module.MPIEnvironment, name, seconds)


def _leave_x_alone(module: ModuleType) -> None:
    """Start no Xvfb for each server: it draws nothing there, is often missing, and would outlive a killed server."""
    served = _inner(module.MPICommandServer)
    if served is not None:
        served.start_virtual_frame_buffer = served.signal_stop_virtual_frame_buffer = lambda _self: None


def _share_log(module: ModuleType) -> None:
    """Have the servers write into the kernel's log, as soon as they work."""
    client = _inner(module.MPICommandClient)
    if client is None:
        return
    original = client.start_services

    def start_services(self: Any) -> Any:
        first = self.get_lifecyle_state() == 0
        result = original(self)
        if first:
            _send_log(self, str(module.casalog.logfile()))
        return result

    client.start_services = start_services


def _end_at_once(module: ModuleType) -> None:
    """Leave the end of the servers to the launcher when the kernel's process ends: to ask them takes seconds."""
    client = _inner(module.MPICommandClient)
    if client is None:
        return
    original = client.stop_services

    def stop_services(self: Any, force_command_request_interruption: bool = False) -> Any:
        # With this argument it is called at the exit of the interpreter (casampi 0.6.0).
        return None if force_command_request_interruption else original(self)

    client.stop_services = stop_services


def _inner(outer: Any) -> Any:
    """Return the class that does the work of one of casampi's singletons; None if there is none."""
    return getattr(outer, f"_{outer.__name__}__{outer.__name__}Impl", None)


def _send_log(client: Any, path: str) -> None:
    servers = list(sys.modules["casampi.MPIEnvironment"].MPIEnvironment.mpi_server_rank_list())
    # Otherwise each message is also printed where Jupyter was started (casatools 6.7.0).
    command = f"(casalog.setlogfile({path!r}), casalog.showconsole(False))"
    client.push_command_request(command, block=True, target_server=servers)


def follow_log(path: Path) -> None:
    """Have the servers, if they work, write into another log from now on."""
    module: Any = sys.modules.get("casampi.MPICommandClient")
    if module is not None and world() != (1, "") and module.MPICommandClient().get_lifecyle_state() == 1:
        _send_log(module.MPICommandClient(), str(path))


def world() -> Tuple[int, str]:
    """Return the number of ranks, and the MPI library; one rank and an empty string if there are no others."""
    found: Any = getattr(sys.modules.get("casampi.MPIEnvironment"), "MPIEnvironment", None)
    if not getattr(found, "is_mpi_enabled", False):
        return 1, ""
    return int(found.mpi_world_size), str(found.mpi_vendor_str)


def meet(number: int) -> str:
    """Exchange numbers with all ranks; return the MPI library in rank 0, and an empty string in the others.

    casatools must have been imported: it brings the library.

    Raises:
        RuntimeError: there are more or fewer ranks.
    """
    mpi: Any = importlib.import_module("mpi4py.MPI")
    world = mpi.COMM_WORLD
    if world.allreduce(1) != number:
        raise RuntimeError(f"{world.allreduce(1)} ranks have met instead of {number}")
    return str(mpi.Get_library_version()).partition(",")[0] if world.rank == 0 else ""
