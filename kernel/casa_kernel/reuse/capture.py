"""What a call shows in its cell: pictures, what it prints, and its messages in the log."""

from __future__ import annotations

import base64
import os
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, ContextManager, Dict, List, Mapping, Optional, Protocol

from ..log import parser
from ..log.file import LogFile

# As many messages of a call are kept, and as much of them.
_MESSAGES = 400
# As many characters of what a call prints are kept.
_PRINTED = 1_000_000


class Shower(Protocol):
    """The notebook, as far as it tells what is shown; implemented by ``jupyter.notebook``.

    Attributes:
        seen: called with the data, the metadata and the display's id of each bundle that a call puts into its cell.
    """

    seen: Optional[Callable[[Mapping[str, Any], Mapping[str, Any], Optional[str]], None]]


class Printed(Protocol):
    """What is printed under cells; implemented by ``jupyter.printed``."""

    def heard(self, hear: Callable[[str, str, bool], None]) -> ContextManager[None]:
        """Have ``hear`` called with the stream's name, each text, and whether it is native code's, in a with block."""

    def again(self, name: str, text: str, native: bool) -> None:
        """Print a text again."""


class Capture:
    """What is shown within a with block.

    Attributes:
        log: the messages, counted.
    """

    def __init__(self, front: Shower, printed: Printed, logfile: Path) -> None:
        self.log = parser.Tally(_MESSAGES)
        self._front, self._printed = front, printed
        self._around = ExitStack()
        self._printed_so_far = self._left_out = 0
        self._hearing = threading.Lock()
        self._bundles: List[Dict[str, Any]] = []
        self._places: Dict[str, int] = {}
        # The file that this process has open, even if it is renamed or removed meanwhile.
        self._file = LogFile.opened_by(os.getpid(), logfile)

    def __enter__(self) -> Capture:
        self._around.enter_context(self._printed.heard(self._hear))
        self._front.seen = self._add
        return self

    def __exit__(self, *told: Any) -> None:
        self._front.seen = None
        self._around.__exit__(*told)
        if self._file is not None:
            for lines in self._file.pieces():
                self.log.add(lines)
            self._file.close()

    def _add(self, data: Mapping[str, Any], metadata: Mapping[str, Any], display_id: Optional[str]) -> None:
        bundle = {"data": {kind: _text(each) for kind, each in data.items()}, "metadata": dict(metadata)}
        if display_id is not None and display_id in self._places:
            # A display that was updated is kept as it was at last.
            self._bundles[self._places[display_id]] = bundle
            return
        if display_id is not None:
            self._places[display_id] = len(self._bundles)
        self._bundles.append(bundle)

    def _hear(self, name: str, text: str, native: bool) -> None:
        with self._hearing:
            kept = text[: _PRINTED - self._printed_so_far]
            self._printed_so_far += len(kept)
            self._left_out += len(text) - len(kept)
            last = self._bundles[-1] if self._bundles else {}
            if (last.get("stream"), last.get("native")) == (name, native):
                last["text"].append(kept)
            elif kept:
                self._bundles.append({"stream": name, "text": [kept], "native": native})

    def shown(self) -> List[Dict[str, Any]]:
        """Return bundles and printed texts, in their order, and the log as the last of them; as JSON has them."""
        said = f"… {self._left_out:,} characters more were printed then.\n"
        cut = [{"stream": "stderr", "text": said, "native": False}] if self._left_out else []
        bundles = [{**each, "text": "".join(each["text"])} if "text" in each else each for each in self._bundles]
        log = {
            "counts": {"total": self.log.total, "warn": self.log.warn, "severe": self.log.severe},
            "messages": [list(each) for each in self.log.select(_MESSAGES)],
        }
        return [*bundles, *cut, {"log": log}]


def _text(value: Any) -> Any:
    # The notebook has pictures as base64, too.
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
