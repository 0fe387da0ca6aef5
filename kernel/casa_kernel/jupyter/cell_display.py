"""A display under one cell of the notebook, which any thread may fill and update while the cell runs."""

from __future__ import annotations

import uuid
from typing import Any, Dict


class CellDisplay:
    """A display that is created when it is first shown.

    It is sent through the kernel's session, not through IPython's display(), which takes the cell from the calling
    thread: a thread that lives longer than a cell would then write under the cell in which it was started.

    Attributes:
        cell: the id of the request that runs the cell.
    """

    def __init__(self, kernel: Any) -> None:
        self._kernel, self._publisher = kernel, kernel.shell.display_pub
        self._parent = kernel.get_parent("shell")
        self._id, self._made = uuid.uuid4().hex, False
        self.cell: str = self._parent.get("header", {}).get("msg_id", "")

    @property
    def muted(self) -> bool:
        """Whether the cell's output is being captured now; IPython then installs another publisher."""
        return self._kernel.shell.display_pub is not self._publisher

    def show(self, data: Dict[str, Any]) -> None:
        """Show a MIME bundle, and replace the one before."""
        kind = "update_display_data" if self._made else "display_data"
        content = {"data": data, "metadata": {}, "transient": {"display_id": self._id}}
        self._made = True
        self._kernel.session.send(self._kernel.iopub_socket, kind, content, parent=self._parent, ident=b"display_data")
