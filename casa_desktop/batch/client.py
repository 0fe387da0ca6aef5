"""nbclient's client, which runs the cells; what follows each other on one stream is one output, as in JupyterLab."""

from __future__ import annotations

import re
from typing import Any, List, Match, Optional

from nbclient import NotebookClient

# A line that was written over, as by a progress bar.
_OVERWRITTEN = re.compile(r"[^\n]*\r[^\r\n][^\n]*")
# The kernel's last messages come at once; but a cell may have printed 100 MB, and none of it is to be lost.
_PATIENCE = 24 * 3600


class Client(NotebookClient):
    """Runs cells, and fills the notebook while they run.

    Args:
        notebook: a notebook of nbformat's.
        manager: of a kernel that runs.
        allow_errors: whether the cells behind a failed one run.
    """

    def __init__(self, notebook: Any, manager: Any, *, allow_errors: bool) -> None:
        super().__init__(
            notebook,
            manager,
            allow_errors=allow_errors,
            # A kernel that dies is noticed by its process; a slow disk may take minutes to load CASA.
            startup_timeout=600,
            timeout=None,
            iopub_timeout=_PATIENCE,
        )
        # What reaches the user is said by errors of ours.
        self.log.setLevel("CRITICAL")
        self._stream: Any = None
        self._texts: List[str] = []

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
            text = _OVERWRITTEN.sub(_last, "".join(self._texts))
            self._stream["text"], self._texts = text, [text]


def _last(found: Match[str]) -> str:
    """Return what can still be seen of a line: not what something at least as long was written over."""
    seen: List[str] = []
    for part in found[0].split("\r"):
        while seen and len(seen[-1]) <= len(part):
            seen.pop()
        seen.append(part)
    return "\r".join(seen)
