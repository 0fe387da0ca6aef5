"""nbclient's client, which runs the cells; what follows each other on one stream is one output, as in JupyterLab."""

from __future__ import annotations

from queue import Empty
from typing import Any, Callable, List, Optional

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbformat import v4

from ..system.quiet_log import quieter

# A kernel that dies is noticed by its process; a slow disk may take minutes to load CASA.
_START_SECONDS = 600
# The kernel's last messages come at once; but a cell may have printed 100 MB, and none of it is to be lost.
_PATIENCE = 24 * 3600
# After the kernel's answer, a message that has not come for so long was lost: ZMQ drops what a queue does not hold.
_QUIET_SECONDS = 10
_LOST = "casa-desktop: A part of this cell's output was lost, because the cell showed more than could be taken.\n"


class Client(NotebookClient):
    """Runs cells, and fills the notebook while they run.

    Args:
        notebook: a notebook of nbformat's.
        manager: of a kernel that runs.
        allow_errors: whether the cells behind a failed one run.

    Attributes:
        is_busy: whether the kernel has begun a cell and not yet answered.
        on_begin: called when it has begun one; before that, it would not take an interrupt.
        asked_exit: whether the last cell has called ``exit()``.
    """

    def __init__(self, notebook: Any, manager: Any, *, allow_errors: bool) -> None:
        super().__init__(
            notebook,
            manager,
            allow_errors=allow_errors,
            timeout=None,
            iopub_timeout=_PATIENCE,
            on_cell_executed=self._executed,
        )
        # What reaches the user is said by errors of ours.
        self.log = quieter(self.log, "CRITICAL")
        self.is_busy = self.asked_exit = False
        self.on_begin: Callable[[], None] = lambda: None
        self._stream: Any = None
        self._texts: List[str] = []

    def _executed(self, execute_reply: Any, **_: Any) -> None:
        payload = execute_reply["content"].get("payload") or []
        self.asked_exit = any(each.get("source") == "ask_exit" for each in payload)

    async def connect(self) -> None:
        """Wait until the kernel answers, and ask it what a notebook says of it.

        Raises:
            RuntimeError: it has ended.
        """
        assert self.km is not None
        client: Any = self.km.client()
        # However much a cell shows at once: else ZMQ drops what is above 1000 messages that wait to be read.
        client.context.rcvhwm = 0
        client.start_channels()
        self.kc = client
        await client.wait_for_ready(timeout=_START_SECONDS)
        client.allow_stdin = False
        info = await self.async_wait_for_reply(client.kernel_info())
        self.nb.metadata["language_info"] = (info or {}).get("content", {}).get("language_info", {})

    async def run_silently(self, code: str) -> None:
        """Run code that belongs to no cell."""
        client: Any = self.kc
        await self.async_wait_for_reply(client.execute(code, silent=True, store_history=False))

    async def run_cell(self, cell: Any) -> None:
        """Run a cell of the notebook.

        Raises:
            nbclient.exceptions.CellExecutionError: it failed.
            nbclient.exceptions.DeadKernelError: the kernel has ended.
        """
        self.asked_exit = False
        try:
            await self.async_execute_cell(cell, self.nb.cells.index(cell))
        finally:
            self.is_busy = False

    async def _async_poll_output_msg(self, parent_msg_id: str, cell: Any, cell_index: int) -> None:
        """Take a cell's messages until its last; nbclient's own, with releases 0.10 and 0.11, waits for it for ever."""
        client: Any = self.kc
        while True:
            try:
                message = await client.iopub_channel.get_msg(timeout=_QUIET_SECONDS)
            except Empty:
                if "shell.execute_reply" not in cell.metadata.execution:
                    continue
                self.settle()
                cell.outputs.append(v4.new_output("stream", name="stderr", text=_LOST))
                return
            if message["parent_header"].get("msg_id") == parent_msg_id:
                try:
                    self.process_message(message, cell, cell_index)
                except CellExecutionComplete:
                    return

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        """Take a message. Called by nbclient for each that the kernel publishes."""
        if msg["msg_type"] == "execute_input":
            self.is_busy = True
            self.on_begin()
        return super().process_message(msg, cell, cell_index)

    def output(self, outs: List[Any], msg: Any, display_id: Optional[str], cell_index: int) -> Any:
        """Add an output to a cell. Called by nbclient for each message."""
        content = msg["content"]
        last: Any = outs[-1] if outs else None
        if (
            msg["msg_type"] == "stream"
            and last is not None
            and last is self._stream
            and last["name"] == content["name"]
            and not self.clear_before_next_output
            and not self.output_hook_stack[msg["parent_header"].get("msg_id")]
        ):
            self._texts.append(content["text"])
            return last
        self.settle()
        added = super().output(outs, msg, display_id, cell_index)
        if added is not None and added["output_type"] == "stream":
            self._stream, self._texts = added, [added["text"]]
        return added

    def settle(self) -> None:
        """Put what was printed into the notebook; it is collected, because to append to a long text takes long."""
        if self._stream is not None:
            text = _visible("".join(self._texts))
            self._stream["text"], self._texts = text, [text]


def _visible(text: str) -> str:
    """Return a text without what has been written over in its lines, as by a progress bar."""
    if "\r" not in text:
        return text
    return "\n".join(_visible_of_line(line) if "\r" in line else line for line in text.split("\n"))


def _visible_of_line(line: str) -> str:
    """Return what can still be seen of a line: not what something at least as long was written over."""
    seen: List[str] = []
    for part in line.split("\r"):
        while part and seen and len(seen[-1]) <= len(part):
            seen.pop()
        seen.append(part)
    return "\r".join(seen)
