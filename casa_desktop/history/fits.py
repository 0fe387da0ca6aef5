"""What CASA has written into the header of a FITS file about the making of its image. No library is needed for that.

casacore (fits/FITS/FITSHistoryUtil) writes each message as a card with time, priority and origin, and cards with the
text after it; a text that is longer than a card goes on in the next one, behind ``>``.
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, Tuple

from . import files
from .models import Row, Written

_BLOCK, _CARD = 2880, 80
_MOST_BLOCKS = 4096
_MAGIC = b"SIMPLE  ="
_HEAD = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?) (\w+) SRCCODE='(.*)'")
# Around what CASA has written.
_BRACKETS = ("CASA START LOGTABLE", "CASA END LOGTABLE")
_KEYWORDS = ("DATE", "ORIGIN")


def is_fits(path: str) -> bool:
    """Return whether a file is one of FITS."""
    try:
        with open(path, "rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def read(path: str) -> Written:
    """Return what the header of a FITS file says about its making."""
    history: List[str] = []
    keywords: Dict[str, str] = {}
    try:
        for card in _cards(path):
            if card.startswith("HISTORY "):
                history.append(card[8:])
            elif card[:8].rstrip() in _KEYWORDS and card[8:10] == "= ":
                keywords.setdefault(card[:8].rstrip(), card[10:].partition("/")[0].strip().strip("'").rstrip())
    except (OSError, ValueError) as error:
        return Written("FITS header", problem=str(error))
    return Written("FITS header", tuple(_rows(history)), keywords)


def _cards(path: str) -> Iterator[str]:
    with open(path, "rb") as file:
        for _ in range(_MOST_BLOCKS):
            block = file.read(_BLOCK)
            if len(block) < _BLOCK:
                raise ValueError("its header has no end")
            for start in range(0, _BLOCK, _CARD):
                card = block[start : start + _CARD].decode("latin-1")
                if card.rstrip() == "END":
                    return
                yield card
    raise ValueError("its header is longer than 12 MB")


def _rows(history: List[str]) -> Iterator[Row]:
    pending: List[Tuple[float, str, str]] = []
    for line in history:
        head = _HEAD.fullmatch(line.rstrip())
        if head:
            yield from _whole(pending)
            pending = [(files.parsed(head[1]), head[3].strip().split("::")[-1], "")]
        elif line.startswith(_BRACKETS):
            yield from _whole(pending)
            pending = []
        elif pending:
            moment, origin, text = pending[0]
            pending = [(moment, origin, text + (line[1:] if text and line.startswith(">") else line))]
        else:
            yield Row(0.0, "", line.rstrip())
    yield from _whole(pending)


def _whole(pending: List[Tuple[float, str, str]]) -> Iterator[Row]:
    yield from (Row(moment, origin, text.rstrip()) for moment, origin, text in pending)
