"""A history as HTML, for a notebook's cell: what it begins with, and each call below the one before."""

from __future__ import annotations

import html
import os
from typing import Iterable, List

from . import listing
from .defaults import Defaults
from .models import Call, History

_RULE = "border-left: 3px solid #8aa; margin: 0 0 0 .4em; padding: .1em 0 .5em .8em"
_CODE = "margin: .2em 0; padding: 0; background: none; white-space: pre-wrap"
# A mark in front: no colour of text can be read both in the light and in the dark.
_DOUBT = "border-left: 3px solid #e90; padding-left: .5em"


def of(history: History, defaults: Defaults, whole: bool = False) -> str:
    """Return the HTML.

    Args:
        history: what is known.
        defaults: of the tasks.
        whole: show all arguments and all remarks.
    """
    parts = [f"<p><b>{_safe(listing.title(history))}</b></p>"]
    parts += _doubts(listing.sentences(history, defaults, whole))
    begins = [f"<li>{_safe(listing.beginning(start))}</li>" for start in history.starts]
    parts += [f"<ul>{''.join(begins)}</ul>"] if begins else []
    parts += [_call(call, defaults, whole) for call in history.calls]
    return f'<div class="casa-desktop-history">{"".join(parts)}</div>'


def _call(call: Call, defaults: Defaults, whole: bool) -> str:
    python = listing.python(call, defaults, whole)
    parts = [
        f"<b>{_safe(_arrow(call))}</b><br><small>{_safe(listing.facts(call))}</small>",
        f'<pre style="{_CODE}">{_safe(python)}</pre>',
        *(f"<div><small>{_safe(sentence)}</small></div>" for sentence in listing.handwork(call)),
        *_doubts(listing.doubts(call, defaults)),
    ]
    return f'<div style="{_RULE}">{"".join(parts)}</div>'


def _arrow(call: Call) -> str:
    """Return what a call read, and what it made or changed."""
    read = _names(os.path.basename(path) for path in call.inputs if path not in call.changed)
    made = _names(f"{os.path.basename(path)}{' (changed)' if path in call.changed else ''}" for path in call.outputs)
    return f"{call.task}: {f'{read} → ' if read else ''}{made}"


def _names(found: Iterable[str]) -> str:
    names = list(found)
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _doubts(sentences: Iterable[str]) -> List[str]:
    return [f'<div style="{_DOUBT}"><small>{_safe(sentence)}</small></div>' for sentence in sentences]


def _safe(text: str) -> str:
    # A name that is no UTF-8 has surrogates, which no message to a browser may have.
    return html.escape(text.encode("utf-8", "replace").decode("utf-8"))
