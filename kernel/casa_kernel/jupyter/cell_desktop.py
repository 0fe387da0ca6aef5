"""Desktops in the outputs of cells, over the kernel's own channel.

Where a Jupyter has neither casa-desktop nor a way to a port of the kernel's, its notebooks can still exchange messages
with the kernel. A desktop in a cell is a widget of anywidget's, which runs a module of JavaScript that the kernel sends
it: the same view as on the page. Its requests and its RFB are messages with buffers. A front end with subshells sends
them past the cell that runs: https://github.com/jupyter/enhancement-proposals/pull/91

The kernel needs no anywidget: a widget is the state that is sent with a comm, and anywidget lies in Jupyter's
environment. Messages of a desktop in a cell::

    page   → kernel    {"type": "ask", "id": …, "method": "POST", "path": "desktops", "body": …}
    kernel → page      {"type": "answer", "id": …, "status": 200, "body": …}      or with the body as a buffer
    page   → kernel    {"type": "open", "id": …, "desktop": "main"}     "data" with a buffer, "taken", "here", "close"
    kernel → page      {"type": "opened", "id": …}                      "data" with a buffer, "here", "closed"
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple
from uuid import uuid4

from comm.base_comm import BaseComm

import casa_desktop
from casa_desktop.desktop import registry
from casa_desktop.errors import CasaDesktopError
from casa_desktop.runtime import directory
from casa_desktop.system import threads

from ..drawing.view_relay import GONE, ViewRelay
from ..drawing.view_requests import answer
from ..errors import NoDesktopInCells
from ..front import Front

# What the front end is built into.
_CELL_FOLDER = Path(casa_desktop.__file__).parent / "static" / "cell"
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_PROTOCOL = {"version": "2.1.0"}
# Views of one desktop in one cell: each of a browser's pages that show the notebook has one.
_MOST_VIEWS = 16
# Stands above the view: of a widget whose kernel has ended, a notebook that is opened again says "model not found".
_CAPTION = "The desktop {name}, as long as this kernel runs. Afterwards, run the cell again."
_FALLBACK = (
    "The desktop {name} was shown here: run the cell again. If you read this then, too, this Jupyter has no anywidget: "
    "run 'pip install anywidget' in Jupyter's own environment, and reload the page."
)


class CellDesktops:
    """The desktops in the outputs of this kernel's cells.

    Args:
        kernel: ipykernel's kernel.
        front: the notebook.
    """

    def __init__(self, kernel: Any, front: Front) -> None:
        self._kernel, self._front = kernel, front
        self._shown: List[CellDesktop] = []

    def show(self, name: str) -> None:
        """Put a desktop into the output of the running cell; it starts when it is seen.

        Raises:
            InvalidName: ``name`` is not valid as the name of a desktop.
            NoDesktopInCells: this kernel cannot answer while a cell runs, or its front end was not built.
        """
        directory.checked_name(name)
        if not getattr(self._kernel, "_supports_kernel_subshells", False):
            raise NoDesktopInCells("needs ipykernel 7.4 or later, and so Python 3.11 or later, in the kernel")
        # Those whose outputs were cleared.
        for each in [each for each in self._shown if not each.is_seen()]:
            self._shown.remove(each)
            each.close()
        shown = CellDesktop(self._kernel, name)
        self._shown.append(shown)
        self._front.show({"text/plain": _CAPTION.format(name=name)}, {})
        self._front.show(*shown.bundle())


class CellDesktop:
    """A desktop in one cell's output."""

    def __init__(self, kernel: Any, name: str) -> None:
        self._name, self._state = name, {"state": _state(name), "buffer_paths": []}
        self._relays: Dict[str, ViewRelay] = {}
        self._comm = _Comm(kernel, self._hear, data=self._state, metadata=_PROTOCOL)

    def bundle(self) -> Tuple[Dict[str, Any], Dict[str, Any]]:
        """Return the MIME bundle that shows it, and its metadata."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self._comm.comm_id}
        return {_WIDGET_VIEW: view, "text/plain": _FALLBACK.format(name=self._name)}, {}

    def is_seen(self) -> bool:
        """Return whether a page shows it."""
        return bool(self._relays)

    def close(self) -> None:
        """End it; nothing can show it any more."""
        self._comm.close()

    def _hear(self, message: Mapping[str, Any]) -> None:
        """Do what a page asks. Called by ipykernel, in the thread of a subshell."""
        data = message["content"].get("data")
        if not isinstance(data, dict):
            return
        if data.get("method") == "request_state":
            # A page that was opened later, or was reloaded. It tells the answer by the question.
            self._comm.publish_msg("comm_msg", {"method": "update", **self._state}, parent=message)
        content = data.get("content")
        if not isinstance(content, dict) or not isinstance(content.get("id"), str):
            return
        kind, told = content.get("type"), content["id"]
        if kind == "ask":
            threads.start(self._answer, told, content)
        elif kind == "open":
            self._open(told, str(content.get("desktop")))
        elif told in self._relays:
            _pass_on(self._relays[told], content, message.get("buffers") or ())
            if kind == "here":
                self._tell("here", told)
        elif kind != "close":
            self._tell("closed", told, code=GONE, reason="The kernel has closed this view.")

    def _answer(self, told: str, content: Mapping[str, Any]) -> None:
        found = answer(*(str(content.get(key) or "") for key in ("method", "path", "body")))
        buffers = [found.data] if found.data else None
        self._tell("answer", told, buffers, status=found.status, body=found.body)

    def _open(self, told: str, name: str) -> None:
        if told in self._relays:
            return
        try:
            record = registry.running(name)
            if len(self._relays) >= _MOST_VIEWS:
                raise NoDesktopInCells(f"has {_MOST_VIEWS} views already: close one of the pages that show it")
            relay = ViewRelay(
                record,
                send=lambda data: self._tell("data", told, [data]),
                opened=lambda: self._tell("opened", told),
                ended=partial(self._ended, told),
            )
            self._relays[told] = relay
            relay.start()
        except (CasaDesktopError, OSError, RuntimeError) as error:
            self._ended(told, GONE, str(error))

    def _ended(self, told: str, code: int, reason: str) -> None:
        self._relays.pop(told, None)
        self._tell("closed", told, code=code, reason=reason)

    def _tell(self, kind: str, told: str, buffers: Optional[List[bytes]] = None, **more: Any) -> None:
        self._comm.send({"method": "custom", "content": {"type": kind, "id": told, **more}}, buffers=buffers)


def _pass_on(relay: ViewRelay, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
    kind, number = content.get("type"), content.get("bytes")
    if kind == "data":
        for each in buffers:
            relay.put(bytes(each))
    elif kind == "taken" and isinstance(number, int):
        relay.take(number)
    elif kind == "here":
        relay.hear()
    elif kind == "close":
        relay.close()


def _state(name: str) -> Dict[str, Any]:
    """Return the state of a widget of anywidget's that shows a desktop.

    Raises:
        NoDesktopInCells: the front end has not been built.
    """
    try:
        module, style = ((_CELL_FOLDER / each).read_text(encoding="utf-8") for each in ("cell.js", "cell.css"))
    except OSError as error:
        raise NoDesktopInCells(f"has not been built: {error}") from error
    own: Dict[str, Any] = {
        "_desktop": name,
        "_esm": module,
        "_css": style,
        "_anywidget_id": f"casa_desktop.{uuid4().hex}",
    }
    model = {"_model_module": "anywidget", "_model_module_version": "0.*", "_model_name": "AnyModel"}
    view = {"_view_module": "anywidget", "_view_module_version": "0.*", "_view_name": "AnyView"}
    return {**own, **model, **view, "_view_count": None, "_dom_classes": []}


class _Comm(BaseComm):
    """A comm that leaves the way of its messages to the front end, and cells alone.

    ipykernel's own has answers come to the shell in which it was opened (7.4): that of cells, where they would wait for
    the end of the cell that runs. And each of its messages ends what IPython does after a cell, so that figures would
    be shown half drawn.
    """

    def __init__(self, kernel: Any, hear: Callable[[Mapping[str, Any]], None], **more: Any) -> None:
        self._kernel, self._hear = kernel, hear
        super().__init__(target_name="jupyter.widget", **more)

    def publish_msg(
        self,
        msg_type: str,
        data: Optional[Dict[str, Any]] = None,
        metadata: Optional[Dict[str, Any]] = None,
        buffers: Optional[List[bytes]] = None,
        parent: Optional[Mapping[str, Any]] = None,
        **keys: Any,
    ) -> None:
        """Send a message, as an answer if there is a ``parent``. Called by comm."""
        content = {"data": data or {}, "comm_id": self.comm_id, **keys}
        self._kernel.session.send(
            self._kernel.iopub_socket, msg_type, content, parent, self.topic, buffers, metadata=metadata
        )

    def handle_msg(self, msg: Dict[str, Any]) -> None:
        """Take a message. Called by ipykernel."""
        self._hear(msg)
