"""What a call shows in its cell: pictures, and its messages in the log."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Protocol

from ..log import parser
from ..log.file import LogFile

# As many messages of a call are kept, and as much of them.
_MESSAGES = 400


class Shower(Protocol):
    """The notebook, as far as it tells what is shown; implemented by ``jupyter.notebook``.

    Attributes:
        seen: called with the data, the metadata and the display's id of each bundle that a call puts into its cell.
    """

    seen: Optional[Callable[[Mapping[str, Any], Mapping[str, Any], Optional[str]], None]]


class Capture:
    """What is shown within a with block.

    Attributes:
        log: the messages, counted.
    """

    def __init__(self, front: Shower, logfile: Path) -> None:
        self.log = parser.Tally(_MESSAGES)
        self._front = front
        self._bundles: List[Dict[str, Any]] = []
        self._places: Dict[str, int] = {}
        # The file that this process has open, even if it is renamed or removed meanwhile.
        self._file = LogFile.opened_by(os.getpid(), logfile)

    def __enter__(self) -> Capture:
        self._front.seen = self._add
        return self

    def __exit__(self, *_: object) -> None:
        self._front.seen = None
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

    def shown(self) -> List[Dict[str, Any]]:
        """Return the bundles, in their order, and the log as the last of them; as JSON has them."""
        log = {
            "counts": {"total": self.log.total, "warn": self.log.warn, "severe": self.log.severe},
            "messages": [list(each) for each in self.log.select(_MESSAGES)],
        }
        return [*self._bundles, {"log": log}]


def _text(value: Any) -> Any:
    # The notebook has pictures as base64, too.
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
