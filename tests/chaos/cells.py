"""A notebook without a browser: a kernel of a Jupyter server, by REST and its websocket, as JupyterLab uses it."""

from __future__ import annotations

import json
import threading
import time
import uuid
from contextlib import suppress
from typing import Any, Callable, Dict, List, Mapping, Optional

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from ..support.lab import Jupyter

Message = Dict[str, Any]
LOG = "application/vnd.casa-desktop.log+json"


class Cell:
    """A cell that runs.

    Attributes:
        messages: what has come of it so far, in order.
        reply: the answer to the request, once it has come.
        quiet: whether the kernel has said that nothing more comes of it.
        lost: why no answer will come, in a word; empty while one may.
        finished: when the answer came or was lost, in seconds of the monotonic clock.
    """

    def __init__(self) -> None:
        self.messages: List[Message] = []
        self.reply: Optional[Mapping[str, Any]] = None
        self.quiet = False
        self.lost = ""
        self.finished: Optional[float] = None
        self._news = threading.Condition()

    def take(self, message: Message) -> None:
        """Take a message that came; called by the reader."""
        with self._news:
            self.messages.append(message)
            if message["msg_type"] == "execute_reply":
                self.reply = message["content"]
            elif message["msg_type"] == "status":
                self.quiet = message["content"]["execution_state"] == "idle"
            # They come by two channels, and what is printed by that of the status: after the answer, perhaps.
            if self.reply and self.quiet and not self.over:
                self.finished = time.monotonic()
            self._news.notify_all()

    def lose(self, why: str) -> None:
        """Take note that no answer will come; called by the reader."""
        with self._news:
            if not self.over:
                self.lost, self.finished = why, time.monotonic()
            self._news.notify_all()

    @property
    def over(self) -> bool:
        return self.finished is not None

    def has_words(self) -> bool:
        """Tell whether the cell has put something out: CASA's log, or anything else."""
        return self.over or any(each["msg_type"] in ("stream", "display_data") for each in self.messages)

    def has_notice(self) -> bool:
        """Tell whether the cell has said where its window is."""
        return self.over or any(each["msg_type"] == "comm_open" for each in self.messages)

    def wait(self, look: Callable[[], bool], seconds: float) -> bool:
        """Wait until ``look``, asked whenever something has come, says yes; return what it says at last."""
        with self._news:
            return self._news.wait_for(look, seconds)

    def wait_until_over(self, seconds: float) -> bool:
        """Wait for the end; tell whether it has come."""
        return self.wait(lambda: self.over, seconds)

    @property
    def text(self) -> str:
        """All that it printed."""
        return "".join(each["content"]["text"] for each in self.messages if each["msg_type"] == "stream")


class Kernel:
    """A CASA kernel of a Jupyter server.

    Args:
        jupyter: the server, running.
        folder: where it works, below the server's root.
        name: of its kernelspec.
        known: its id, where it runs already.

    Attributes:
        id: its name at the server.
        pid: its process, as it says itself; None until it has answered.
        folder: where it works.
    """

    def __init__(self, jupyter: Jupyter, folder: str = "", name: str = "casa", known: str = "") -> None:
        self._jupyter, self.folder = jupyter, folder
        self.pid: Optional[int] = None
        self._cells: Dict[str, Cell] = {}
        self.id: str = known or jupyter.ask("api/kernels", "POST", {"name": name, "path": folder})["id"]
        self._session = uuid.uuid4().hex
        self._address = f"ws{jupyter.url[4:]}api/kernels/{self.id}/channels?session_id={self._session}"
        self._socket: Optional[ClientConnection] = None
        self._tried = threading.Event()
        self._reader = threading.Thread(target=self._read, name=f"kernel-{self.id}")
        self._reader.start()
        self._tried.wait()

    def _read(self) -> None:
        try:
            # A hundred cells' logs may come while nobody looks.
            with connect(
                self._address,
                additional_headers={"Authorization": f"token {self._jupyter.token}"},
                max_size=None,
                max_queue=None,
                ping_interval=None,
                open_timeout=60,
            ) as socket:
                self._socket = socket
                self._tried.set()
                for frame in socket:
                    # Comms may bring pictures in binary frames, which are nobody's here.
                    if isinstance(frame, str):
                        self._take(json.loads(frame))
        except (ConnectionClosed, InvalidHandshake, OSError):
            # Its cells are lost, which is what matters.
            pass
        finally:
            self._tried.set()
            self._lose("connection")

    def _take(self, message: Message) -> None:
        if message["msg_type"] == "status" and message["content"]["execution_state"] in ("restarting", "dead"):
            self._lose(message["content"]["execution_state"])
        cell = self._cells.get(message["parent_header"].get("msg_id", ""))
        if cell is not None:
            cell.take(message)

    def _lose(self, why: str) -> None:
        for each in list(self._cells.values()):
            each.lose(why)

    def run(self, code: str) -> Cell:
        """Start a cell; it is over when it says so."""
        request, cell = uuid.uuid4().hex, Cell()
        self._cells = {name: each for name, each in self._cells.items() if not each.over}
        self._cells[request] = cell
        content = {
            "code": code, "silent": False, "store_history": True, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": True,
        }  # fmt: skip
        header = {
            "msg_id": request, "msg_type": "execute_request", "username": "", "session": self._session,
            "date": "", "version": "5.3",
        }  # fmt: skip
        whole = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        try:
            if self._socket is None:
                raise ConnectionError(self._address)
            self._socket.send(json.dumps(whole))
        except (ConnectionClosed, ConnectionError):
            cell.lose("connection")
        return cell

    def answers(self, seconds: float) -> bool:
        """Tell whether it answers within so many seconds, and look what its process is."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            cell = self.run("import os; print(os.getpid())")
            # What is sent while a kernel is being started anew is lost without a word.
            if cell.wait_until_over(min(3, max(deadline - time.monotonic(), 0.1))) and cell.text.strip().isdigit():
                self.pid = int(cell.text)
                return True
            if cell.lost == "connection":
                return False
        return False

    def interrupt(self) -> None:
        """Interrupt it, as the notebook's button does."""
        self._jupyter.ask(f"api/kernels/{self.id}/interrupt", "POST")

    def end(self) -> None:
        """Shut it down, if the server still can."""
        with suppress(OSError):
            self._jupyter.ask(f"api/kernels/{self.id}", "DELETE")
        self.leave()

    def leave(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
        self._reader.join()
