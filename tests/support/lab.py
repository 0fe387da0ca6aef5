"""JupyterLab in a real browser: a real server, a notebook and its cells, and the tab with the desktop's canvas."""

from __future__ import annotations

import base64
import io
import json
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Sequence
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PageTimeout
from urllib3 import PoolManager, Retry

from .ports import free_port
from .screen import LEFT, Pixels, Point
from .shortage import descriptors

BUTTONS = {1: "left", 3: "right"}
READY = "is running at:"
# Jupyter's own: where a file is being read or written for a page when the server is told to end, the loop ends before
# its thread, and that waits for more to do for ever (jupyter_server 2.21 with anyio 4.16).
_ABANDONED = ("/anyio/_backends/_asyncio.py", "in _shutdown\n")


class Jupyter:
    """A ``jupyter lab`` of its own, on loopback, with a token; a context manager.

    Args:
        root: the folder that it serves.
        environment: the variables of its process.
        arguments: more of its command line.

    Attributes:
        url: its address, with the base URL, ends in a slash.
        token: what lets a client in.
        process: the server.
    """

    # What it writes when it answers.
    ready = READY

    def __init__(self, root: Path, environment: Dict[str, str], arguments: Sequence[str] = ()) -> None:
        self.root, self.environment, self.token = root, environment, secrets.token_hex(16)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.arguments = arguments

    def start(self) -> None:
        """Start the server, and return when it answers; a second time after ``stop``, at the same address."""
        self.log: List[str] = []
        self._ready = threading.Event()
        self.process = subprocess.Popen(
            self._command(),
            cwd=self.root,
            env={**self.environment, "PYTHONFAULTHANDLER": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._ready.wait(60)
        if not any(self.ready in line for line in self.log):
            self.stop()
            raise RuntimeError("JupyterLab did not start:\n" + "".join(self.log))
        # It says so a moment before it listens (jupyter_server 2.21).
        patience = Retry(connect=20, backoff_factor=0.01, backoff_max=1)
        with PoolManager(retries=patience) as http:
            http.request("GET", self.url + "api")

    def _command(self) -> List[str]:
        return [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0"),
            *(f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.root}"),
            "--LabApp.extension_manager=readonly",
            *self.arguments,
        ]

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if self.ready in line:
                self._ready.set()
        # At its end nobody need wait any longer.
        self._ready.set()

    def __enter__(self) -> Jupyter:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server as a service manager would, with SIGTERM; its kernels end with it."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            # Python tells then what each of its threads does (PYTHONFAULTHANDLER).
            self.process.send_signal(signal.SIGABRT)
            self._reader.join()
            said = "".join(self.log).rpartition("Fatal Python error")[2]
            assert all(each in said for each in _ABANDONED), f"JupyterLab did not end:\n{said}"
        finally:
            self.process.kill()
            self.process.wait()
            self._reader.join()
            assert self.process.stderr is not None
            self.process.stderr.close()

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """Return what the REST interface answers, decoded from JSON; None where it says nothing."""
        return ask(self.url + path, self.token, method, body)

    def descriptors_at_rest(self, expected: int) -> int:
        """Return how many descriptors the server has open, at once when they are at most ``expected``, else after 30 s.

        A view's sockets are closed in one of the turns of the server's loop that follow its client's end; each answer
        tells that there was one.
        """
        deadline = time.monotonic() + 30
        while (found := descriptors(self.process.pid)) > expected and time.monotonic() < deadline:
            self.ask("api/status")
        return found

    def end_kernels(self) -> None:
        """Shut all kernels down, and wait for their ends; one that is just being started is waited for."""
        for kernel in self._kernels():
            self.ask(f"api/kernels/{kernel['id']}", "DELETE")

    def _kernels(self) -> Any:
        while True:
            try:
                return self.ask("api/kernels")
            except HTTPError as error:
                # One that is being started has no last activity yet, so that there is no list (jupyter_server 2.21).
                if error.code != 500:
                    raise


def ask(url: str, token: str, method: str = "GET", body: Any = None) -> Any:
    """Return what a REST interface answers the holder of ``token``, decoded from JSON; None where it says nothing."""
    request = Request(url, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Authorization", f"token {token}")
    with urlopen(request, timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text else None


class Lab:
    """JupyterLab in one page of the browser."""

    def __init__(self, page: Page, jupyter: Jupyter) -> None:
        self.page, self.jupyter = page, jupyter

    def open(self, path: str = "") -> None:
        """Open JupyterLab's start page, or the file ``path`` in it, and wait until it is there."""
        self.page.goto(f"{self.jupyter.url}lab{'/tree/' + path if path else ''}?reset&token={self.jupyter.token}")
        self._wait_until_restored()

    def reload(self) -> None:
        """Reload the page, and wait until what was open is there again."""
        self.page.reload()
        self._wait_until_restored()

    def _wait_until_restored(self) -> None:
        # At last the file that the address names is brought to the front, before whatever a test has opened by then.
        expect(self.page.locator("#filebrowser:not(.jp-mod-restoring)")).to_be_attached()
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def notebook(self, *cells: str, kernel: str = "casa", **metadata: Any) -> Notebook:
        """Write a notebook with these cells, open it, and return it once its kernel idles."""
        self.open(self.write_notebook(*cells, kernel=kernel, **metadata))
        notebook = Notebook(self.page)
        notebook.wait_until_idle()
        return notebook

    def write_notebook(self, *cells: str, kernel: str = "casa", **metadata: Any) -> str:
        """Write a notebook with these cells, and return the name of its file."""
        path = self.jupyter.root / f"test-{secrets.token_hex(4)}.ipynb"
        path.write_text(json.dumps(_notebook(cells, kernel, metadata)))
        return path.name

    def open_beside(self, path: str) -> Notebook:
        """Open one more notebook from the file browser; it is the one in front, and its kernel idles."""
        self.page.locator(".jp-DirListing-item").get_by_text(path, exact=True).dblclick()
        expect(self.page.locator(".lm-TabBar-tab.lm-mod-current", has_text=path)).to_be_visible()
        notebook = Notebook(self.page)
        notebook.wait_until_idle()
        return notebook

    def bring_to_front(self, path: str) -> None:
        """Press the tab of an open notebook."""
        self.page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text=path).click()
        expect(self.page.locator(".lm-TabBar-tab.lm-mod-current", has_text=path)).to_be_visible()

    def desktop(self) -> Canvas:
        """Return the desktop's canvas in its tab, once it is connected and in front."""
        view = self.page.locator("#casa-desktop-main .casa-desktop-View")
        expect(view).to_have_attribute("data-state", "connected", timeout=30_000)
        return Canvas(self.page, view.locator("canvas"))


def _notebook(cells: Sequence[str], kernel: str, metadata: Dict[str, Any]) -> Dict[str, Any]:
    kernelspec = {"name": kernel, "display_name": kernel, "language": "python"}
    code = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernelspec, **metadata},
        "cells": [{**code, "id": f"cell-{number}", "source": cell} for number, cell in enumerate(cells)],
    }


class Notebook:
    """The notebook in front."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def wait_until_idle(self) -> None:
        """Wait until the kernel has started and has nothing to do."""
        idle = self.page.locator("#jp-main-statusbar").get_by_text(re.compile(r"\| Idle$"))
        expect(idle).to_be_visible(timeout=60_000)

    def cell(self, number: int) -> Locator:
        """Return a cell; the first is 0."""
        return self.page.locator(".jp-Notebook:visible .jp-CodeCell").nth(number)

    def start(self, number: int) -> None:
        """Run a cell as a user does, and do not wait for it."""
        editor = self.cell(number).locator(".cm-content")
        editor.click()
        expect(editor).to_be_focused()
        self.page.keyboard.press("Control+Enter")

    def wait_until_finished(self, number: int, timeout: float = 90) -> str:
        """Wait until a cell has run, and return its outputs' text; ``timeout`` is in seconds."""
        prompt = self.cell(number).locator(".jp-InputPrompt")
        expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=timeout * 1000)
        return self.text(number)

    def run(self, number: int, timeout: float = 90) -> str:
        """Run a cell, wait until it has run, and return its outputs' text; ``timeout`` is in seconds."""
        self.start(number)
        return self.wait_until_finished(number, timeout)

    def text(self, number: int) -> str:
        """Return the text of a cell's outputs so far."""
        return "\n".join(self.cell(number).locator(".jp-OutputArea-output").all_inner_texts())

    def picture(self, number: int) -> Pixels:
        """Return the PNG in a cell's output: height x width x (red, green, blue)."""
        image = self.cell(number).locator(".jp-OutputArea-output img")
        expect(image).to_have_count(1)
        source = image.get_attribute("src") or ""
        kind, _, data = source.partition(";base64,")
        assert kind == "data:image/png"
        return decode(base64.b64decode(data))

    def interrupt(self) -> None:
        """Press the toolbar's button that interrupts the kernel."""
        self.page.locator(".jp-NotebookPanel-toolbar [data-command='notebook:interrupt-kernel']").first.click()


_TOLD = "canvas => [canvas.width, canvas.height, document.body.innerText.slice(0, 500)]"
_ONE_TO_ONE = """([canvas, desktop]) => {
    const { width, height } = canvas.getBoundingClientRect();
    const sizes = [[Math.round(width), Math.round(height)], [canvas.width, canvas.height]];
    return sizes.every(size => size.join() === desktop.join());
}"""


@dataclass(frozen=True)
class Canvas:
    """The desktop's canvas in the browser, and the mouse on it."""

    page: Page
    locator: Locator

    def pixels(self) -> Pixels:
        """Return what the user sees of it: height x width x (red, green, blue)."""
        box = self._box()
        left, top = round(box["x"]), round(box["y"])
        shown = decode(self.page.screenshot())
        return shown[top : top + round(box["height"]), left : left + round(box["width"])]

    def wait_for_size_of(self, screen: Any) -> None:
        """Wait until the desktop has the canvas's size on the page, so that their pixels are one to one."""
        # The page shows the desktop scaled until the desktop has followed, and may still be being laid out.
        handle = self.locator.element_handle()
        frame = handle.owner_frame()
        assert frame
        deadline = time.monotonic() + 30
        while True:
            try:
                frame.wait_for_function(_ONE_TO_ONE, arg=[handle, screen.size()], polling=50, timeout=1000)
                return
            except PageTimeout:
                assert time.monotonic() < deadline, (self._box(), handle.evaluate(_TOLD), screen.size())

    def drag(self, start: Point, end: Point, button: int = LEFT) -> None:
        """Press ``button`` at ``start``, move in ten steps, let go at ``end``."""
        mouse = self.page.mouse
        mouse.move(*self._on_page(start))
        mouse.down(button=BUTTONS[button])
        mouse.move(*self._on_page(end), steps=10)
        mouse.up(button=BUTTONS[button])

    def click(self, at: Point, button: int = LEFT, times: int = 1) -> None:
        """Press ``button`` at a point, once or more."""
        self.page.mouse.click(*self._on_page(at), button=BUTTONS[button], click_count=times)

    def _box(self) -> Dict[str, float]:
        box = self.locator.bounding_box()
        assert box is not None, "the canvas is not visible"
        return dict(box)

    def _on_page(self, point: Point) -> Any:
        box = self._box()
        return box["x"] + point[0], box["y"] + point[1]


def decode(png: bytes) -> Pixels:
    """Return the pixels of a PNG: height x width x (red, green, blue)."""
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))


def colours(pixels: Pixels) -> int:
    """Return how many different colours there are; a blank picture has one."""
    # One number for each: to sort the rows of a whole desktop takes more than a second.
    red, green, blue = (pixels[:, :, number].astype(np.uint32) for number in range(3))
    return len(np.unique(red << 16 | green << 8 | blue))
