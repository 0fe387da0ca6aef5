"""A real CASA kernel, driven as a notebook drives it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from jupyter_client.manager import KernelManager

from casa_desktop.containers.container import Container, kernel_argv
from casa_desktop.system.pythonpath import module

Message = Dict[str, Any]
LOG = "application/vnd.casa-desktop.log+json"


class Cell:
    """What a cell put out.

    Attributes:
        messages: all that came while it ran, in order.
        seconds: how long it ran.
    """

    def __init__(self, messages: List[Message], seconds: float) -> None:
        self.messages, self.seconds = messages, seconds

    def of(self, kind: str) -> List[Mapping[str, Any]]:
        """Return the contents of the messages of one type."""
        return [message["content"] for message in self.messages if message["msg_type"] == kind]

    @property
    def text(self) -> str:
        """All that was printed."""
        return "".join(content["text"] for content in self.of("stream"))

    @property
    def error(self) -> Optional[Mapping[str, Any]]:
        """The error that ended it, or None."""
        return next(iter(self.of("error")), None)

    @property
    def displayed(self) -> List[Mapping[str, Any]]:
        """The MIME bundles that it displayed, but for CASA's log."""
        return [content["data"] for content in self.of("display_data") if LOG not in content["data"]]

    @property
    def logs(self) -> List[Mapping[str, Any]]:
        """CASA's log under the cell, as it was shown first and again."""
        shown = [*self.of("display_data"), *self.of("update_display_data")]
        return [content["data"] for content in shown if LOG in content["data"]]


class Notebook:
    """A kernel with a client; a context manager.

    Args:
        folder: where it works.
        env: its environment.
        options: for CASA, behind the kernel's own.
        within: a command that becomes the one behind it.
        container: where it runs, if not here.
        provisioned: Jupyter knows how to speak to it over unix sockets.
        program: what its Python runs.
        installed: the name of a kernelspec to start it by, as it is; all that is said of it above is left alone.
    """

    def __init__(
        self,
        folder: Path,
        env: Mapping[str, str],
        options: Sequence[str] = (),
        within: Sequence[str] = (),
        container: Optional[Container] = None,
        provisioned: bool = True,
        program: Sequence[str] = module("casa_kernel"),
        installed: str = "",
    ) -> None:
        self.manager = KernelManager(kernel_name=installed or "python3")
        spec = self.manager.kernel_spec
        assert spec is not None
        if not installed:
            spec.argv = [
                *within,
                sys.executable,
                *program,
                "-f",
                "{connection_file}",
                *(["--", *options] if options else []),
            ]
            if container is not None:
                spec.argv = kernel_argv(sys.executable, container, options)
            spec.metadata = {"kernel_provisioner": {"provisioner_name": "casa-desktop"}} if provisioned else {}
        self.manager.start_kernel(cwd=str(folder), env=dict(env))
        self.client = self.manager.client()
        self.client.start_channels()
        try:
            self.client.wait_for_ready(timeout=60)
        except BaseException:
            # No with block has begun that would end it.
            self.__exit__()
            raise

    def __enter__(self) -> Notebook:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        if self.manager.is_alive():
            self.manager.shutdown_kernel()
        self.manager.cleanup_resources()

    @property
    def pid(self) -> int:
        """The kernel's process id."""
        pid: int = self.manager.provisioner.pid  # type: ignore[union-attr]
        return pid

    def run(
        self,
        code: str,
        timeout: float = 60,
        meanwhile: Optional[Callable[[], None]] = None,
        on_log: Optional[Callable[[Mapping[str, Any]], bool]] = None,
    ) -> Cell:
        """Run a cell to its end.

        Args:
            code: what it holds.
            timeout: how long no message may come, in seconds.
            meanwhile: called once, when the first display has come that is not the log.
            on_log: called with the log each time it is shown, until it returns True.
        """
        started = time.monotonic()
        request = self.client.execute(code)
        messages: List[Message] = []
        while True:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") != request:
                continue
            messages.append(message)
            log = message["content"].get("data", {}).get(LOG)
            if log is not None and on_log is not None and on_log(log):
                on_log = None
            if message["msg_type"] == "display_data" and log is None and meanwhile is not None:
                meanwhile, call = None, meanwhile
                call()
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return Cell(messages, time.monotonic() - started)

    def answer(self, cell: Cell, timeout: float = 60) -> Mapping[str, Any]:
        """Return what the kernel answered to a cell, for which a notebook waits besides the cell's output."""
        asked = cell.messages[0]["parent_header"]["msg_id"]
        while True:
            message = self.client.get_shell_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") == asked:
                return message["content"]  # type: ignore[no-any-return]


def follow_elsewhere(notebook: Notebook, log: Path) -> Cell:
    """Follow the log, write a message into it from here, and interrupt the kernel when it is shown."""

    def write_then_interrupt(shown: Mapping[str, Any]) -> bool:
        if shown["newest"] is None:
            with log.open("a") as file:
                file.write("2026-11-21 11:00:00\tINFO\t::casa\tfrom elsewhere\n")
            return False
        notebook.manager.interrupt_kernel()
        return True

    return notebook.run("%casa_log -f elsewhere", on_log=write_then_interrupt)
