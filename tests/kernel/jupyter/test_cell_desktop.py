"""The desktop in a cell: what the kernel tells a page over its own channel, also while a cell runs."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Tuple

import pytest
from casa_kernel.drawing import view_relay
from casa_kernel.drawing.view_relay import GONE, MOST_UNSENT, REFUSED, WINDOW, ViewRelay
from casa_kernel.errors import NoDesktopInCells

from casa_desktop.desktop import lifecycle, registry, usage
from casa_desktop.runtime.record import Record

from ...support.notebook import Message, Notebook
from ...support.rfb_reader import GREETING

VIEW = "application/vnd.jupyter.widget-view+json"
# A request for the whole picture, in RFB's raw encoding: RFC 6143, section 7.5.3.
WHOLE = b"\3\0" + 4 * b"\0" + b"\xff\xff\xff\xff"
FOREVER = "import threading; print('it runs', flush=True); threading.Event().wait()"


class Page:
    """A page that shows a notebook with a desktop in a cell: a front end with a subshell for its widgets."""

    def __init__(self, notebook: Notebook) -> None:
        self._client = notebook.client
        [shown] = [each for each in notebook.run("%casa_desktop --cell").displayed if VIEW in each]
        self._comm, self._numbers = shown[VIEW]["model_id"], itertools.count()
        self.fallback = shown["text/plain"]
        request = self._client.session.msg("create_subshell_request", {})
        self._client.control_channel.send(request)
        while True:
            reply = self._client.get_control_msg(timeout=60)
            if reply["parent_header"]["msg_id"] == request["header"]["msg_id"]:
                self._subshell = reply["content"]["subshell_id"]
                return

    def tell(self, content: Any, *buffers: bytes) -> None:
        """Send a message of the widget's."""
        self.send({"method": "custom", "content": content}, *buffers)

    def send(self, data: Any, *buffers: bytes) -> str:
        """Send a message; return its id."""
        session = self._client.session
        message = session.msg("comm_msg", {"comm_id": self._comm, "data": data})
        message["header"]["subshell_id"] = self._subshell
        session.send(self._client.shell_channel.socket, message, buffers=list(buffers))
        name: str = message["header"]["msg_id"]
        return name

    def hear(self) -> Message:
        """Return the widget's next message."""
        while True:
            message: Message = self._client.get_iopub_msg(timeout=60)
            if message["msg_type"] == "comm_msg" and message["content"]["comm_id"] == self._comm:
                return message

    def hear_of(self, *kinds: str) -> Dict[str, Any]:
        """Return the content of its next message, which is of one of these kinds."""
        content: Dict[str, Any] = self.hear()["content"]["data"]["content"]
        assert content["type"] in kinds
        return content

    def ask(self, method: str, path: str, body: str = "") -> Mapping[str, Any]:
        """Return the answer to a request."""
        name = f"question-{next(self._numbers)}"
        self.tell({"type": "ask", "id": name, "method": method, "path": path, "body": body})
        answer = self.hear_of("answer")
        assert answer["id"] == name
        return answer

    def open(self) -> str:
        """Open a view of the desktop ``main``, which is started; return its id."""
        assert self.ask("POST", "desktops", '{"name": "main"}')["body"]["websocket"] == "/main"
        name = f"view-{next(self._numbers)}"
        self.tell({"type": "open", "id": name, "desktop": "main"})
        assert self.hear_of("opened")["id"] == name
        return name

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes of the view's; it is an error if more come with them."""
        data = b""
        while len(data) < size:
            message = self.hear()
            assert message["content"]["data"]["content"]["type"] == "data"
            data += b"".join(map(bytes, message["buffers"]))
        assert len(data) == size
        return data


@pytest.fixture
def page(notebook: Notebook, stop_desktops: None) -> Iterator[Page]:
    """A page, and a cell that runs."""
    found = Page(notebook)
    notebook.client.execute(FOREVER)
    while notebook.client.get_iopub_msg(timeout=60)["msg_type"] != "stream":
        pass
    yield found
    notebook.manager.interrupt_kernel()
    # The last request ends behind all the others.
    notebook.run("1")


@pytest.fixture
def stop_desktops(runtime_directory: Path) -> Iterator[None]:
    """Desktops end with the test."""
    yield
    for record in registry.list_desktops():
        lifecycle.stop(record.name)


def test_a_view_is_opened_and_speaks_rfb_while_a_cell_runs(page: Page) -> None:
    view = page.open()
    assert page.read(12) == b"RFB 003.008\n"
    page.tell({"type": "data", "id": view}, GREETING[:12])
    assert page.read(2) == b"\1\1"
    assert usage.is_watched(registry.running("main"))
    page.tell({"type": "here", "id": view})
    assert page.hear_of("here")["id"] == view
    page.tell({"type": "close", "id": view})
    assert page.hear_of("closed")["code"] == 1000
    assert not usage.is_watched(registry.running("main"))


def test_no_more_is_sent_than_the_browser_has_room_for(page: Page) -> None:
    view = page.open()
    page.tell({"type": "data", "id": view}, GREETING, WHOLE)
    page.read(WINDOW)
    # The next message answers a question; there are no bytes before it.
    assert page.ask("GET", "desktops/main")["status"] == 200
    page.tell({"type": "taken", "id": view, "bytes": 1000})
    page.read(1000)
    page.tell({"type": "taken", "id": view, "bytes": WINDOW})
    page.read(WINDOW)


def test_the_end_of_the_desktop_is_told_and_it_is_started_anew(page: Page) -> None:
    page.open()
    page.read(12)
    page.tell({"type": "ask", "id": "stop", "method": "DELETE", "path": "desktops/main"})
    told = [page.hear_of("answer", "closed") for _ in range(2)]
    [closed] = [each for each in told if each["type"] == "closed"]
    assert (closed["code"], closed["reason"]) == (GONE, "The desktop has ended.")
    missing = page.ask("GET", "desktops/main")
    assert missing["status"] == 404
    assert missing["body"]["error"] == "NotRunning"
    page.open()
    page.read(12)


def test_a_view_of_which_the_kernel_knows_nothing_is_closed(page: Page) -> None:
    page.tell({"type": "data", "id": "before the restart"}, b"\3")
    assert page.hear_of("closed")["code"] == GONE
    page.tell({"type": "open", "id": "too early", "desktop": "main"})
    assert "not running" in page.hear_of("closed")["reason"]


@pytest.mark.parametrize("sent", [None, [], {"type": "ask"}, {"type": "open", "id": 7}])
def test_malformed_messages_leave_the_others_alone(page: Page, sent: Any) -> None:
    page.tell(sent)
    page.send(sent)
    page.tell({"type": "taken", "id": page.open(), "bytes": "many"})
    page.read(12)


def test_requests_are_answered_as_the_server_answers_them(page: Page) -> None:
    assert page.ask("POST", "desktops", '{"name": "../x"}')["body"]["error"] == "InvalidName"
    assert page.ask("POST", "desktops", "no JSON")["body"]["error"] == "InvalidName"
    assert page.ask("GET", "desktops/main/shares")["status"] == 404
    page.ask("POST", "desktops", '{"name": "main"}')
    page.tell({"type": "ask", "id": "picture", "method": "GET", "path": "desktops/main/screenshot.png"})
    [picture] = page.hear()["buffers"]
    assert bytes(picture).startswith(b"\x89PNG")


def test_a_page_that_is_opened_later_is_given_the_widget_s_state(page: Page) -> None:
    asked = page.send({"method": "request_state"})
    message = page.hear()
    assert message["parent_header"]["msg_id"] == asked
    told = message["content"]["data"]
    assert told["method"] == "update"
    assert told["state"]["_desktop"] == "main"
    assert told["state"]["_model_module"] == "anywidget"


def test_a_view_s_end_is_complete_where_a_cell_has_forked(notebook: Notebook, stop_desktops: None) -> None:
    page = Page(notebook)
    view = page.open()
    page.read(12)
    cell = notebook.run("import os, signal\npid = os.fork()\nif not pid: signal.pause()\nprint(pid)")
    try:
        page.tell({"type": "close", "id": view})
        page.hear_of("closed")
        assert not usage.is_watched(registry.running("main"))
    finally:
        os.kill(int(cell.text), signal.SIGKILL)


def test_the_output_of_a_notebook_that_is_read_later_says_what_was_there(page: Page) -> None:
    assert "anywidget" in page.fallback


# An IPython of its own, because it changes the variables of its process for good.
WITHOUT_SUBSHELLS = """
from casa_kernel.jupyter.cell_desktop import CellDesktops
from casa_kernel.jupyter.notebook import Notebook
from ipykernel.inprocess.ipkernel import InProcessKernel
CellDesktops(InProcessKernel(), Notebook()).show("main")
"""


def test_a_kernel_without_subshells_says_what_is_missing(environment: Dict[str, str]) -> None:
    command = [sys.executable, "-c", WITHOUT_SUBSHELLS]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"{NoDesktopInCells.__module__}.{NoDesktopInCells.__name__}: "), done.stderr
    assert "needs ipykernel 7.4 or later" in last


@pytest.fixture
def record(environment: Dict[str, str], stop_desktops: None) -> Record:
    return lifecycle.ensure("main")


class Ends:
    """What a relay's browser sees of it, until its end."""

    def __init__(self, record: Record) -> None:
        self.opened, self._over = threading.Event(), threading.Event()
        self.relay = ViewRelay(record, lambda _data: None, self.opened.set, self._end)
        self.relay.start()

    def _end(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        self._over.set()

    def ended(self) -> Tuple[int, str]:
        assert self._over.wait(60)
        return self.code, self.reason


def test_a_browser_that_has_gone_without_a_word_is_given_up(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_relay, "SILENCE_SECONDS", 0.1)
    code, reason = Ends(record).ended()
    assert code == GONE
    assert "not heard from" in reason
    assert not usage.is_watched(record)


def test_bytes_that_the_desktop_does_not_take_are_limited(record: Record) -> None:
    ends = Ends(record)
    assert ends.opened.wait(60)
    ends.relay.put(bytes(MOST_UNSENT + 1))
    assert ends.ended()[0] == REFUSED


def test_threads_take_shorter_turns_while_there_is_a_view(record: Record) -> None:
    former = sys.getswitchinterval()
    first, second = Ends(record), Ends(record)
    for each in (first, second):
        assert each.opened.wait(60)
    assert sys.getswitchinterval() < former
    first.relay.close()
    assert first.ended()[0] == 1000
    assert sys.getswitchinterval() < former
    second.relay.close()
    second.ended()
    assert sys.getswitchinterval() == former
