"""Debian's Firefox, spoken to in WebDriver BiDi: Playwright drives only a Firefox of its own making.

Source of the commands: https://www.w3.org/TR/webdriver-bidi/
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, Dict, List, Tuple

from websockets.sync.client import ClientConnection, connect

from .lab import Pixels, decode

PROGRAMS = ("firefox-esr", "firefox")
# Quiet at its start: no page of its own, no question, nothing asked of the network.
PREFERENCES = {
    "app.normandy.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.safebrowsing.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "",
    "toolkit.telemetry.enabled": False,
}
# Resolves with the expression's value as soon as that is true; asked again whenever the document changes.
WAIT = """new Promise((resolve, reject) => {
  const look = () => { const found = (%s); if (found) { watch.disconnect(); resolve(found); } };
  const watch = new MutationObserver(look);
  watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  setTimeout(() => reject(new Error('not within the time')), %d);
  look();
})"""

# The same, asked again with every frame that is drawn.
WAIT_DRAWN = """new Promise((resolve, reject) => {
  const last = performance.now() + %d;
  const look = now => {
    const found = (%s);
    if (found) { resolve(found); } else if (now > last) { reject(new Error('not within the time')); }
    else { requestAnimationFrame(look); }
  };
  look(0);
})"""


class Firefox:
    """A headless Firefox with a fresh profile and one tab; a context manager.

    Args:
        size: width and height of the page in CSS pixels.

    Raises:
        RuntimeError: a command failed; it says what Firefox said.
    """

    def __init__(self, size: Tuple[int, int] = (1600, 900)) -> None:
        self.size = size
        self._numbers = count(1)
        self._exits = ExitStack()

    def __enter__(self) -> Firefox:
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        assert program, f"None of {', '.join(PROGRAMS)} is on PATH: apt-get install firefox-esr"
        self._profile = tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        Path(self._profile.name, "user.js").write_text("\n".join(lines))
        self._process = subprocess.Popen(
            [program, "--headless", "--no-remote", "--profile", self._profile.name, "--remote-debugging-port", "0"],
            env={**os.environ, "HOME": self._profile.name, "MOZ_HEADLESS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._connection = self._connect()
        self._ask("session.new", capabilities={})
        self._tab = self._ask("browsingContext.getTree")["contexts"][0]["context"]
        width, height = self.size
        self._ask("browsingContext.setViewport", context=self._tab, viewport={"width": width, "height": height})
        return self

    def _connect(self) -> ClientConnection:
        said: List[str] = []
        assert self._process.stderr is not None
        for line in self._process.stderr:
            said.append(line)
            found = re.search(r"WebDriver BiDi listening on (ws://\S+)", line)
            if found:
                # What it says from now on is read and forgotten, or the pipe would fill and stop it.
                self._reader = threading.Thread(target=self._process.stderr.read, daemon=True)
                self._reader.start()
                return self._exits.enter_context(connect(f"{found[1]}/session", max_size=None))
        raise RuntimeError("Firefox ended at once: " + "".join(said))

    def __exit__(self, *_: object) -> None:
        self._exits.close()
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(timeout=30)
        self._reader.join()
        assert self._process.stderr is not None
        self._process.stderr.close()
        self._profile.cleanup()

    def _ask(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer: Dict[str, Any] = json.loads(self._connection.recv(timeout=60))
            if answer.get("id") == number:
                break
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        return answer["result"]

    def open(self, url: str) -> None:
        """Go to ``url``, and return when the page is there."""
        self._ask("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """Return a JavaScript expression's value, or that of the promise which it is; strings, numbers and so on."""
        result = self._ask("script.evaluate", expression=expression, target={"context": self._tab}, awaitPromise=True)
        if result["type"] == "exception":
            raise RuntimeError(f"{expression}: {result['exceptionDetails']['text']}")
        return result["result"].get("value")

    def wait_for(self, expression: str, timeout: float = 30) -> Any:
        """Return the value of a JavaScript expression once it is true; looked at whenever the page changes."""
        return self.evaluate(WAIT % (expression, timeout * 1000))

    def wait_until_drawn(self, expression: str, timeout: float = 30) -> Any:
        """Return the value of a JavaScript expression once it is true; looked at with every frame that is drawn."""
        return self.evaluate(WAIT_DRAWN % (timeout * 1000, expression))

    def download(self, expression: str) -> Path:
        """Return the file that evaluating an expression has Firefox save, once all of it is there.

        Raises:
            RuntimeError: the download failed.
        """
        self._ask("session.subscribe", events=["browsingContext.downloadEnd"])
        self.evaluate(expression)
        while True:
            event: Dict[str, Any] = json.loads(self._connection.recv(timeout=60))
            if event.get("method") == "browsingContext.downloadEnd":
                break
        if event["params"]["status"] != "complete":
            raise RuntimeError(f"the download is {event['params']['status']}")
        return Path(event["params"]["filepath"])

    def click(self, x: int, y: int) -> None:
        """Press the left button at a point of the page."""
        actions = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._act({"type": "pointer", "id": "mouse", "actions": actions})

    def type(self, text: str) -> None:
        """Press and release the keys of ``text``, one after the other."""
        actions = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": actions})

    def _act(self, source: Dict[str, Any]) -> None:
        self._ask("input.performActions", context=self._tab, actions=[source])

    def pixels(self) -> Pixels:
        """Return what the page shows: height x width x (red, green, blue)."""
        answer = self._ask("browsingContext.captureScreenshot", context=self._tab)
        return decode(base64.b64decode(answer["data"]))
