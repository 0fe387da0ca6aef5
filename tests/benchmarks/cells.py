"""Runs cells of a kernel, and notices at once when its process ends: Jupyter's client would wait for an answer."""

from __future__ import annotations

import os
import signal
import time
from typing import Any, Callable, Mapping

import zmq
from jupyter_client.blocking import BlockingKernelClient

Message = Mapping[str, Any]


class Cells:
    """The cells of one kernel; close it when the kernel is no longer needed.

    Args:
        client: its channels are open.
        pid: of the kernel, a child of this process.
        status: returns the kernel's exit status, once it has ended.
    """

    def __init__(self, client: BlockingKernelClient, pid: int, status: Callable[[], Any]) -> None:
        self._client, self._status = client, status
        self._process = os.pidfd_open(pid)

    def close(self) -> None:
        """Watch the process no longer."""
        os.close(self._process)

    def run(self, code: str, timeout: float, output: Callable[[Message], object]) -> Message:
        """Run a cell to its end; return the content of the kernel's answer.

        Args:
            code: what it holds.
            timeout: how long it may take, in seconds.
            output: called with the content of each message that it puts out.

        Raises:
            RuntimeError: the kernel has ended.
            TimeoutError: the cell takes longer.
        """
        deadline, request = time.monotonic() + timeout, self._client.execute(code, allow_stdin=False)
        while True:
            message = self._next(self._client.iopub_channel, request, code, deadline)
            if message["content"].get("execution_state") == "idle":
                return self._next(self._client.shell_channel, request, code, deadline)["content"]  # type: ignore[no-any-return]
            output(message["content"])

    def _next(self, channel: Any, request: str, code: str, deadline: float) -> Message:
        """Return the next message of a channel that belongs to a request."""
        poller = zmq.Poller()
        poller.register(channel.socket, zmq.POLLIN)
        poller.register(self._process, zmq.POLLIN)
        while True:
            ready = dict(poller.poll(max(deadline - time.monotonic(), 0) * 1000))
            if not ready:
                raise TimeoutError(f"{code!r} has not ended in time")
            # What it has sent before its end is read first.
            if channel.socket not in ready:
                raise RuntimeError(f"the kernel ended {_how(self._status())} while it ran {code!r}")
            message: Message = channel.get_msg(timeout=0)
            if message["parent_header"].get("msg_id") == request:
                return message


def _how(status: int) -> str:
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with the status {status}"
