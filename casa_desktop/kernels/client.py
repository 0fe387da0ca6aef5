"""Starts a kernel through jupyter_client, runs a cell, and ends it; reports why a kernel dies, and never hangs."""

from __future__ import annotations

import ast
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, Optional

from ..errors import KernelFailed
from ..system.output import last_line
from ..system.process import open_pid
from ..system.quiet_log import quieter
from . import preference

# ipykernel prints these lines at each start; they are not the reason for a failure.
_USUAL = (
    b"NOTE: When using the `ipython kernel`",
    b"To exit, you will have to",
    b"To read more about this",
    b"https://",
)


class Running:
    """A kernel that runs as long as the with block.

    Args:
        name: the kernel's name.
        folder: its working folder.
        timeout: the time limit for the start and all answers together, in seconds.

    Raises:
        KernelFailed: the kernel did not start, ended, or took too long; raised by ``__enter__`` and by each method.
    """

    def __init__(self, name: str, folder: Path, timeout: float) -> None:
        self.name, self.folder, self._timeout = name, folder, timeout

    def __enter__(self) -> Running:
        from jupyter_client.manager import KernelManager

        preference.prefer()
        self._deadline = time.monotonic() + self._timeout
        self._words = tempfile.TemporaryFile()
        self._manager = KernelManager(kernel_name=self.name)
        # It would only repeat what the error says.
        self._manager.log = quieter(self._manager.log, "CRITICAL")
        try:
            self._manager.start_kernel(cwd=str(self.folder), stdout=self._words, stderr=self._words)
        except Exception as error:
            # An OSError, an error of jupyter_client, or tornado's HTTPError, which our provisioner raises for
            # JupyterLab.
            self._words.close()
            reason = str(getattr(error, "log_message", None) or error).replace("%%", "%")
            raise KernelFailed(self.name, f"it could not be started: {reason.rstrip('.')}") from error
        self._client = self._manager.client()
        self._client.start_channels(iopub=False, stdin=False, hb=False, control=False)
        self._ended = self._watch()
        return self

    def _watch(self) -> Optional[int]:
        # If the system has no pidfd, the kernel's end is noticed only when the time is over.
        pid = getattr(self._manager.provisioner, "pid", None)
        with suppress(ProcessLookupError):
            return open_pid(pid) if pid else None
        return None

    def __exit__(self, *failed: object) -> None:
        self._client.stop_channels()
        try:
            # A kernel that has not answered is killed, without a shutdown request.
            self._manager.shutdown_kernel(now=any(failed))
        finally:
            self._manager.cleanup_resources()
            self._words.close()
            if self._ended is not None:
                os.close(self._ended)

    def wait_until_it_answers(self) -> None:
        """Return as soon as the kernel has answered a kernel_info request."""
        self._reply(self._client.kernel_info())

    def evaluate(self, code: str, expression: str) -> str:
        """Run a cell, and return the string value that an expression has afterwards."""
        request = self._client.execute(
            code, store_history=False, allow_stdin=False, user_expressions={"answer": expression}
        )
        reply = self._reply(request)
        if reply["status"] != "ok":
            raise self._failed(f"a cell ended with {reply.get('ename')}: {reply.get('evalue')}")
        answer = reply["user_expressions"]["answer"]
        return str(ast.literal_eval(answer["data"]["text/plain"]))

    def _reply(self, request: str) -> Dict[str, Any]:
        """Return the reply to a request; raise if the kernel ends or the time is over."""
        import zmq

        shell = self._client.shell_channel.socket
        poller = zmq.Poller()
        poller.register(shell, zmq.POLLIN)
        if self._ended is not None:
            poller.register(self._ended, zmq.POLLIN)
        while True:
            ready = dict(poller.poll(int(max(self._deadline - time.monotonic(), 0) * 1000)))
            if shell in ready:
                message = self._client.get_shell_msg(timeout=1)
                if message["parent_header"].get("msg_id") == request:
                    content: Dict[str, Any] = message["content"]
                    return content
            elif ready:
                raise self._failed(f"it ended{self._last_words() or ' without a word'}")
            else:
                reason = f"it has not answered within {self._timeout:g} s{self._last_words()}"
                raise self._failed(reason, "allow more with --timeout")

    def _failed(self, reason: str, remedy: str = "") -> KernelFailed:
        return KernelFailed(self.name, reason, remedy)

    def _last_words(self) -> str:
        self._words.seek(0)
        line = last_line(b"\n".join(line for line in self._words if not line.strip().startswith(_USUAL)))
        return f"; its last words: {line[:500]}" if line else ""
