"""ipykernel's application on sockets that listen already, made before the kernel moved to its network namespace.

It uses the kernel's own session class, which still reads messages when no memory is left (``jupyter.out_of_memory``).

ZMQ takes a listening socket by its option ZMQ_USE_FD: https://libzmq.readthedocs.io/en/latest/zmq_setsockopt.html
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, Dict, Optional

import zmq
from ipykernel import heartbeat, kernelapp

from casa_desktop import names
from casa_desktop.network.isolate import Quarters

from .out_of_memory import Session
from .streams import Relief

# By their ports. At module level, because ipykernel makes its heartbeat by itself.
_prepared: Dict[int, int] = {}


def use(quarters: Quarters) -> None:
    """Use these sockets from now on. ZMQ closes them."""
    _prepared.update({port: each.detach() for port, each in quarters.sockets.items()})
    quarters.sockets = {}


def _give(asking: Any, port: int) -> None:
    if port in _prepared:
        asking.set(zmq.USE_FD, _prepared.pop(port))


class _Heartbeat(heartbeat.Heartbeat):
    def _try_bind_socket(self) -> Any:
        _give(self.socket, self.port)
        return super()._try_bind_socket()  # type: ignore[no-untyped-call]


class IPKernelApp(kernelapp.IPKernelApp):
    """ipykernel's application, which binds the ports that Jupyter has chosen; its methods are called by ipykernel."""

    _relief: Optional[Relief] = None

    def _session_default(self) -> Session:
        return Session(parent=self)

    def _try_bind_socket(self, s: Any, port: int) -> Any:
        _give(s, port)
        return super()._try_bind_socket(s, port)  # type: ignore[no-untyped-call]

    def init_heartbeat(self) -> None:
        # ipykernel looks the class up in its module.
        kernelapp.Heartbeat = _Heartbeat  # type: ignore[attr-defined]
        super().init_heartbeat()  # type: ignore[no-untyped-call]

    def init_iopub(self, context: Any) -> None:
        if os.environ.get(names.UNATTENDED) == "1":
            # ZMQ would drop what is above 1000 messages that wait to be read. A browser may stay away for days; what
            # runs a notebook without hands reads all.
            context.sndhwm = 0
        super().init_iopub(context)  # type: ignore[no-untyped-call]

    def init_io(self) -> None:
        super().init_io()  # type: ignore[no-untyped-call]
        watched = [each for each in (sys.stdout, sys.stderr) if getattr(each, "watch_fd_thread", None) is not None]
        # Without the pump, the streams work as in any other kernel.
        with suppress(OSError, RuntimeError):
            self._relief = Relief(watched)

    def reset_io(self) -> None:
        if self._relief is not None:
            self._relief.end()
        super().reset_io()  # type: ignore[no-untyped-call]
