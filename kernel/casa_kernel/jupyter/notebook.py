"""The notebook in front of the kernel: show output in it, and exchange messages with the browser."""

from __future__ import annotations

import math
from contextlib import contextmanager, suppress
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Tuple

import comm
from IPython.display import display

from casa_desktop.errors import CasaDesktopError, InvalidName

from ..drawing.desktop import Desktop
from ..drawing.modes import Modes
from ..reuse.switch import Switch

COMM_TARGET = "casa-desktop"


class Notebook:
    """The notebook, as an implementation of ``front.Front``.

    JupyterLab's extension sends a hello through a comm when a notebook connects to its kernel, also after a restart.
    The hello contains the pixel ratio, what is saved in the notebook (the modes, and whether results are reused), and
    the notebook's own desktop, if it has one. From then on the extension receives every change of these, and may
    request one itself.

    Attributes:
        pixel_ratio: the browser's pixels for each CSS pixel, in one direction; 1.0 until the browser has reported it.
        seen: called with each bundle that is put into a cell, and the id of its display; None while nobody asks.
    """

    pixel_ratio = 1.0
    seen: Optional[Callable[[Mapping[str, Any], Mapping[str, Any], Optional[str]], None]] = None

    def __init__(self) -> None:
        self._modes: Optional[Modes] = None
        self._desktop: Optional[Desktop] = None
        self._reuse: Optional[Switch] = None
        # The comms of the pages that sent a hello, and the state that was last sent to them.
        self._pages: Dict[str, Any] = {}
        self._told: Dict[str, Any] = {}
        self._greeted = False
        # The notebook's modes and desktop from the first hello; and whether a cell or a page has set others.
        self._kept: Any = None
        self._kept_desktop: Optional[str] = None
        self._changed = self._moved = self._starting = False
        self._kept_reuse: Optional[bool] = None
        self._turned = False

    def say(self, text: str) -> None:
        print(text, flush=True)

    def show(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        display_id: Optional[str] = None,
        update: bool = False,
    ) -> None:
        if self.seen is not None:
            self.seen(data, metadata, display_id)
        display(  # type: ignore[no-untyped-call]
            dict(data), metadata=dict(metadata), raw=True, display_id=display_id, update=update
        )

    def open_desktop(self, name: str) -> None:
        # Without the JupyterLab extension the front end closes the comm, and the link in the cell remains. Looked up at
        # the call, because ipykernel replaces comm's function when it is imported.
        comm.create_comm(target_name=COMM_TARGET, data={"action": "open", "name": name})

    def listen(self, modes: Modes, desktop: Desktop, reuse: Switch) -> None:
        """Answer the browser from now on, and keep modes and reuse in the notebook. Called once by the kernel."""
        self._modes, self._desktop, self._reuse = modes, desktop, reuse
        reuse.on_change = self._reuse_changed
        modes.on_change = self._modes_changed
        desktop.on_change = self._desktop_changed
        comm.get_comm_manager().register_target(COMM_TARGET, self._opened)

    def _opened(self, page: Any, message: Mapping[str, Any]) -> None:
        """Handle a comm that the browser opened. Called by ipykernel, between cells."""
        data = message["content"].get("data")
        if not isinstance(data, dict) or data.get("action") != "hello" or self._modes is None:
            return
        self.pixel_ratio = clamp_ratio(data.get("pixelRatio"))
        self._greeted = True
        self._take_modes(data.get("modes"))
        self._take_desktop(data.get("desktop"))
        self._take_reuse(data.get("reuse"))
        self._tell_pages()
        self._pages[page.comm_id] = page
        page.on_msg(lambda told: self._asked(page, told["content"].get("data")))
        page.on_close(lambda _told: self._pages.pop(page.comm_id, None))
        page.send(self._state())

    def _take_modes(self, kept: Any) -> None:
        assert self._modes is not None
        # A page that reconnects must not undo what was set while it was away: then the kernel's modes take precedence.
        if not self._changed and self._kept is None and self._modes.restore(kept):
            self._kept = kept
        if self._changed and kept != self._modes.saved():
            self._save_modes()

    def _take_desktop(self, name: Any) -> None:
        """Use the notebook's own desktop, unless a cell or a page has chosen another one."""
        if not self._moved and self._kept_desktop is None and isinstance(name, str):
            self._kept_desktop = name
            self._use_own(name)
            self._moved = False

    def _take_reuse(self, kept: Any) -> None:
        assert self._reuse is not None
        if not self._turned and self._kept_reuse is None and self._reuse.restore(kept):
            self._kept_reuse = kept
        if self._turned and kept != self._reuse.on:
            self._save_reuse()

    def _use_own(self, name: Optional[str]) -> None:
        assert self._desktop is not None
        # A browser that sent an invalid name sees from the state that it was refused.
        with suppress(InvalidName):
            self._desktop.use(self._desktop.name if name is None else name)

    def _asked(self, page: Any, data: Any) -> None:
        """Do what a page requests, or send it an error. Called by ipykernel, between cells."""
        assert self._modes is not None
        assert self._desktop is not None
        assert self._reuse is not None
        acts: Dict[str, Tuple[Callable[[Any], None], str]]
        acts = {
            "mode": (self._modes.set_default, "mode"),
            "desktop": (self._desktop.use, "name"),
            "reuse": (self._reuse.turn, "on"),
            "make-anew": (self._reuse.make_anew, "key"),
        }
        if not isinstance(data, dict) or str(data.get("action")) not in acts:
            return
        act, argument = acts[data["action"]]
        try:
            act(data.get(argument))
        except CasaDesktopError as error:
            page.send({**self._state(), "error": str(error)})

    def _state(self) -> Dict[str, Any]:
        """Return the state of the kernel for the pages."""
        assert self._modes is not None
        assert self._desktop is not None
        assert self._reuse is not None
        return {
            "action": "state",
            "mode": self._modes.default,
            "tasks": dict(self._modes.own),
            "desktop": self._desktop.name,
            "reuse": self._reuse.on,
        }

    def _tell_pages(self) -> None:
        """Send the state to all pages, if it has changed."""
        state = self._state()
        if state != self._told:
            self._told = state
            for page in list(self._pages.values()):
                page.send(state)

    @contextmanager
    def starting_up(self) -> Iterator[None]:
        """Let startup.py set modes, desktop and reuse; the notebook's own take precedence, whichever come first."""
        assert self._modes is not None
        assert self._desktop is not None
        assert self._reuse is not None
        modes = self._modes.saved() if self._changed else None
        desktop = self._desktop.name if self._moved else None
        reuse = self._reuse.on if self._turned else self._kept_reuse
        self._starting = True
        try:
            yield
        finally:
            self._modes.restore(modes or self._kept)
            self._use_own(desktop or self._kept_desktop)
            self._reuse.restore(reuse)
            self._starting = False
            self._tell_pages()

    def _modes_changed(self) -> None:
        self._changed = self._changed or not self._starting
        if self._changed and self._greeted:
            self._save_modes()
        self._tell_pages()

    def _desktop_changed(self) -> None:
        self._moved = self._moved or not self._starting
        self._tell_pages()

    def _reuse_changed(self) -> None:
        self._turned = self._turned or not self._starting
        if self._turned and self._greeted:
            self._save_reuse()
        self._tell_pages()

    def _save_reuse(self) -> None:
        """Have it written into the notebook whether results are reused, as the modes are."""
        assert self._reuse is not None
        comm.create_comm(target_name=COMM_TARGET, data={"action": "reuse", "reuse": self._reuse.on})

    def _save_modes(self) -> None:
        """Have the modes written into the notebook, by every page that shows it: a comm goes to all of them."""
        assert self._modes is not None
        comm.create_comm(target_name=COMM_TARGET, data={"action": "modes", "modes": self._modes.saved()})


def clamp_ratio(told: Any) -> float:
    """Return the pixel ratio that a browser sent, limited to 1 to 3; 1.0 if it is not a number."""
    if isinstance(told, bool) or not isinstance(told, (int, float)) or not math.isfinite(told):
        return 1.0
    return float(min(max(told, 1.0), 3.0))
