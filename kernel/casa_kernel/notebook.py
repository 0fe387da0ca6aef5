"""The notebook in front of the kernel: what is shown there, what is asked of the browser, and what that tells."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import Any, Iterator, Mapping, Optional

import comm
from IPython.display import display

from .modes import Modes

COMM_TARGET = "casa-desktop"


class Notebook:
    """The notebook as ``live.Front`` wants it.

    JupyterLab's extension says hello through a comm when a notebook meets its kernel, also after a restart: it tells
    its pixel ratio and the modes kept in the notebook. From then on it is told of every change of the modes.

    Attributes:
        pixel_ratio: the browser's pixels for each CSS pixel, in one direction; 1.0 until it has told.
    """

    pixel_ratio = 1.0

    def __init__(self) -> None:
        self._modes: Optional[Modes] = None
        self._greeted = False
        # The notebook's modes, as the first hello brought them; whether a cell has set others.
        self._kept: Any = None
        self._changed = self._starting = False

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

    def listen(self, modes: Modes) -> None:
        """Answer the browser's hello from now on, and keep ``modes`` in the notebook. Called once by the kernel."""
        self._modes = modes
        modes.on_change = self._modes_changed
        comm.get_comm_manager().register_target(COMM_TARGET, self._opened)

    def _opened(self, _comm: Any, message: Mapping[str, Any]) -> None:
        """Take a comm that the browser opened. Called by ipykernel, between cells."""
        data = message["content"].get("data")
        if not isinstance(data, dict) or data.get("action") != "hello" or self._modes is None:
            return
        self.pixel_ratio = clamp_ratio(data.get("pixelRatio"))
        self._greeted = True
        kept = data.get("modes")
        # A page that comes back must not undo what was set while it was away: then the kernel's modes go before.
        if not self._changed and self._kept is None and self._modes.restore(kept):
            self._kept = kept
        if self._changed and kept != self._modes.saved():
            self._save_modes()

    @contextmanager
    def starting_up(self) -> Iterator[None]:
        """Let startup.py set modes, which stand behind those that the notebook keeps, whichever come first."""
        self._starting = True
        try:
            yield
        finally:
            self._starting = False
            if self._modes is not None:
                self._modes.restore(self._kept)

    def _modes_changed(self) -> None:
        self._changed = self._changed or not self._starting
        if self._changed and self._greeted:
            self._save_modes()

    def _save_modes(self) -> None:
        """Have the modes written into the notebook, on every page that shows it: a comm goes to all of them."""
        assert self._modes is not None
        comm.create_comm(target_name=COMM_TARGET, data={"action": "modes", "modes": self._modes.saved()})


def clamp_ratio(told: Any) -> float:
    """Return the pixel ratio that a browser told, between 1 and 3; 1.0 if that is no number."""
    if isinstance(told, bool) or not isinstance(told, (int, float)) or not math.isfinite(told):
        return 1.0
    return float(min(max(told, 1.0), 3.0))
