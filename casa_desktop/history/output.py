"""Write a history to files: as a script, as PROV-JSON, as RO-Crate."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import List, Optional

from ..errors import HistoryNotWritten
from . import script
from .defaults import Defaults
from .models import History
from .script import Export


@dataclass
class Told:
    """What was written, and why a script is not whole, as sentences."""

    written: List[Path] = field(default_factory=list)
    lacking: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class Wanted:
    """Where a history shall be written; None where it shall not."""

    script: Optional[Path]
    prov: Optional[Path]
    crate: Optional[Path]

    @property
    def anything(self) -> bool:
        """Whether it shall be written anywhere."""
        return any(each is not None for each in (self.script, self.prov, self.crate))

    def check(self) -> None:
        """Check what can be checked before the history is known.

        Raises:
            HistoryNotWritten: something is there already, or its folder is not.
            HistoryLibraryMissing: a library is not installed.
        """
        for path in (self.script, self.prov, self.crate):
            if path is None:
                continue
            if os.path.lexists(path):
                raise HistoryNotWritten(path, "something is there already; remove it, or choose another name")
            if not path.absolute().parent.is_dir():
                raise HistoryNotWritten(path, f"there is no folder {path.absolute().parent}")
        if self.prov is not None:
            from . import prov_document

            prov_document.library()
        if self.crate is not None:
            from . import research_object

            research_object.library()

    def write(self, history: History, defaults: Defaults, export: Export) -> Told:
        """Write a history.

        Args:
            history: what is known.
            defaults: of the tasks.
            export: as for ``script.of``.

        Raises:
            HistoryNotWritten: there is no room, or the like.
        """
        told = Told()
        made = script.of(history, defaults, export)
        if self.script is not None:
            _write(self.script, made.text)
            told.written.append(self.script)
            told.lacking += made.lacking
        if self.prov is not None:
            from . import prov_document

            _write(self.prov, prov_document.of(history))
            told.written.append(self.prov)
        if self.crate is not None:
            from . import research_object

            research_object.write(self.crate, history, defaults, made.text)
            told.written.append(self.crate)
        return told


def _write(path: Path, text: str) -> None:
    try:
        # Never over something that has appeared meanwhile.
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise HistoryNotWritten(path, error.strerror or str(error)) from error
