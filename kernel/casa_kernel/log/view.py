"""Show messages of CASA's log in a notebook: one line, which unfolds into a table. No I/O.

The HTML uses only what JupyterLab allows in a notebook that is not trusted (``@jupyterlab/apputils``, sanitizer.ts): no
style sheet and no script. So each cell has a style, against JupyterLab's own style of tables.
"""

from __future__ import annotations

import html
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence
from urllib.parse import quote

from ..checks import working_folder
from .parser import CUT, SEVERE, WARN, Message

MIME = "application/vnd.casa-desktop.log+json"
# Front ends that show the HTML always show all of it; the JSON contains more.
_ROWS = 200
# The length of a warning or an error in plain text.
_CHARACTERS = 500
_COLOURS = {SEVERE: "#c62828", WARN: "#b26a00"}
_MONOSPACE = "font-family:monospace;font-size:12px"
_CELL = "text-align:left;vertical-align:top"


@dataclass(frozen=True)
class View:
    """The content to show.

    Attributes:
        logfile: the file that contains all messages; None where there is no file.
        total, warn, severe: the number of messages: all, warnings, and errors.
        newest: the newest message that contains a letter or a digit.
        messages: the messages to show, in their order.
        serious: warnings and errors for front ends that show only text.
        progress: label, fraction, elapsed seconds and detail of the running task.
        running: whether more messages may come.
        whole: unfold the table, and show all messages in plain text too, because the user asked for them.
        folder: the folder to which the link to the log is relative.
    """

    logfile: Optional[Path]
    total: int
    warn: int
    severe: int
    newest: Optional[Message]
    messages: Sequence[Message]
    serious: Sequence[Message] = ()
    progress: Optional[Dict[str, Any]] = None
    running: bool = False
    whole: bool = False
    folder: Path = field(default_factory=lambda: Path(working_folder.name()))

    def bundle(self) -> Dict[str, Any]:
        """Return the MIME bundle."""
        return {"text/plain": self.plain(), "text/html": self.html(), MIME: self.json()}

    def json(self) -> Dict[str, Any]:
        """Return the JSON for JupyterLab's renderer of the log."""
        return {
            "version": 1,
            "state": "running" if self.running else "done",
            "logfile": str(self.logfile or ""),
            "counts": {"total": self.total, "warn": self.warn, "severe": self.severe},
            "newest": list(self.newest) if self.newest else None,
            "messages": [list(each) for each in self.messages],
            "omitted": self.total - len(self.messages),
            "progress": self.progress,
            "open": self.unfolded,
        }

    @property
    def unfolded(self) -> bool:
        """Whether the table is unfolded from the beginning."""
        return self.whole or self.severe > 0

    # Plain text

    def plain(self) -> str:
        """Return the counts and the newest message in one line, then the warnings and errors."""
        lines = [f"CASA log: {self.counts()}{_behind(self.newest)}"]
        if self.progress:
            lines.append(progress_text(self.progress))
        if self.whole:
            return "\n".join([*lines, *("  ".join(each) for each in self.messages), str(self.logfile or "")])
        told = [(each, _beginning(each.text)) for each in self.serious]
        lines += [f"{each.priority} {each.origin}: {text}" for each, text in told]
        hidden = self.warn + self.severe - len(self.serious)
        if self.serious and hidden:
            lines.append(f"… {hidden} more in {self.logfile}")
        elif any(text.endswith(CUT) for _, text in told):
            lines.append(str(self.logfile or ""))
        return "\n".join(lines)

    def counts(self) -> str:
        """Return the counts as text."""
        found = [_count(self.total, "message")]
        found += [_count(self.severe, "error")] if self.severe else []
        found += [_count(self.warn, "warning")] if self.warn else []
        return ", ".join(found)

    # HTML

    def html(self) -> str:
        """Return the line, which unfolds into the table; it is unfolded if there are errors."""
        rows = self.messages[-_ROWS:] if not self.severe else _with_serious(self.messages, _ROWS)
        return (
            f"<details{' open' if self.unfolded else ''}>"
            f'<summary style="cursor:pointer;{_MONOSPACE}">{self._summary()}</summary>'
            f'<div style="max-height:24em;overflow:auto"><table style="{_MONOSPACE};margin:0">'
            f"{''.join(map(_row, rows))}</table></div>{self._rest(rows)}</details>"
        )

    def _summary(self) -> str:
        bar = progress_html(self.progress) if self.progress else ""
        counted = [html.escape(_count(self.total, "message"))]
        for number, word, priority in ((self.severe, "error", SEVERE), (self.warn, "warning", WARN)):
            if number:
                counted.append(f'<b style="color:{_COLOURS[priority]}">{_count(number, word)}</b>')
        return f"CASA log: {', '.join(counted)}{html.escape(_behind(self.newest))}{bar}"

    def _rest(self, rows: Sequence[Message]) -> str:
        """Return a link to the log file if there are messages without a row, or cut ones; else an empty string."""
        number = self.total - len(rows)
        if self.logfile is None or not (number > 0 or any(CUT in each.text for each in rows)):
            return ""
        name = html.escape(str(self.logfile))
        place = os.path.relpath(self.logfile, self.folder)
        # Jupyter opens files below the notebook's folder; for others the path is shown without a link.
        link = name if place.startswith("..") else f'<a href="{quote(place)}" target="_blank">{name}</a>'
        what = _count(number, "more message") if number > 0 else "The log file is"
        return f'<div style="{_MONOSPACE}">{what} {"in " if number > 0 else ""}{link}</div>'


def progress_text(progress: Dict[str, Any]) -> str:
    """Return a progress in one line of text with a bar of characters."""
    bar = ""
    if progress["fraction"] is not None:
        full = round(20 * progress["fraction"])
        bar = f" [{'#' * full}{'.' * (20 - full)}] {progress['fraction']:.0%}"
    detail = f", {progress['detail']}" if progress["detail"] else ""
    return f"{progress['label']}{bar} {elapsed(progress['elapsed'])}{detail}"


def progress_html(progress: Dict[str, Any]) -> str:
    """Return a progress as a bar followed by text; a bar without a fraction moves by itself."""
    value = "" if progress["fraction"] is None else f' value="{progress["fraction"]:.3f}"'
    share = "" if progress["fraction"] is None else f" {progress['fraction']:.0%}"
    detail = f", {progress['detail']}" if progress["detail"] else ""
    words = html.escape(f"{progress['label']}{share} {elapsed(progress['elapsed'])}{detail}")
    return f'<div><progress max="1"{value}></progress> {words}</div>'


def elapsed(seconds: float) -> str:
    """Return a duration like ``12 s``, ``3:05`` or ``1:02:33``."""
    whole = int(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _beginning(text: str) -> str:
    return text if len(text) <= _CHARACTERS else text[:_CHARACTERS] + CUT


def _behind(newest: Optional[Message]) -> str:
    if newest is None:
        return ""
    text = newest.text.split("\n", 1)[0]
    return f" · {text[:117]}…" if len(text) > 118 else f" · {text}"


def _with_serious(messages: Sequence[Message], limit: int) -> List[Message]:
    """Return ``limit`` of ``messages``: all errors and warnings that fit, then the newest."""
    numbers = [number for number, each in enumerate(messages) if each.priority in (SEVERE, WARN)][: limit // 2]
    chosen = set(numbers)
    for number in range(len(messages) - 1, -1, -1):
        if len(chosen) >= limit:
            break
        chosen.add(number)
    return [messages[number] for number in sorted(chosen)]


def _row(each: Message) -> str:
    colour = f";color:{_COLOURS[each.priority]}" if each.priority in _COLOURS else ""
    wraps = ("white-space:nowrap;", "", "", "white-space:pre-wrap;")
    cells = (f'<td style="{wrap}{_CELL}{colour}">{html.escape(part)}</td>' for wrap, part in zip(wraps, each))
    return f"<tr>{''.join(cells)}</tr>"
