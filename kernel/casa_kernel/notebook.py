"""The notebook in front of the kernel: what the kernel shows there, and what it asks of the browser."""

from __future__ import annotations

from typing import Any, Mapping, Optional

import comm
from IPython.display import display

COMM_TARGET = "casa-desktop"


class Notebook:
    """The notebook as ``live.Front`` wants it."""

    pixel_ratio = 1.0

    def say(self, text: str) -> None:
        print(text, flush=True)

    def show(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        display_id: Optional[str] = None,
        update: bool = False,
    ) -> None:
        display(  # type: ignore[no-untyped-call]
            dict(data), metadata=dict(metadata), raw=True, display_id=display_id, update=update
        )

    def open_desktop(self, name: str) -> None:
        # Where no JupyterLab extension listens, the front end closes the comm, and the link in the cell remains.
        # Looked up at the call, because ipykernel puts its own in its place when it is imported.
        comm.create_comm(target_name=COMM_TARGET, data={"action": "open", "name": name})
