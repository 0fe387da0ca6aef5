"""A recorded cleaning as one page of HTML, which needs no other file."""

from __future__ import annotations

import html
from pathlib import Path

from . import convergence, record
from .convergence import Point, number
from .drawings import drawing
from .literals import literal
from .models import CONTINUE, FAILED, FINISHED, INTERRUPTED, NO_MORE, STOP, UNKNOWN, Record, Step

_STYLE = """\
body { font: 15px/1.45 system-ui, sans-serif; color: #222; background: #fff }
body { max-width: 76rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: .2rem }
h2 { font-size: 1rem; margin: 0 0 .4rem }
p { margin: .3rem 0 }
code, pre { font: 13px/1.4 ui-monospace, monospace }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
.plot { max-width: 36rem; width: 100%; font: 12px system-ui, sans-serif }
.cycles { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1.5rem; margin-top: 1.5rem }
.cycle svg { width: 100%; display: block }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums }
th { text-align: left; font-weight: normal; color: #666 }
td { text-align: right }
td, th { border-bottom: 1px solid #eee; padding: .1rem 0 }
b { color: #b5541c }
small { color: #666 }
"""
_ANSWERS = {CONTINUE: "cleaned, then asked again", NO_MORE: "went on without asking", STOP: "stopped"}
_CONTROLS = {
    "niter": "iterations left",
    "cycleniter": "cycle niter",
    "threshold": "threshold",
    "cyclethreshold": "cycle threshold",
}
_ENDS = {
    UNKNOWN: "killed",
    FINISHED: "finished",
    STOP: "stopped by hand",
    NO_MORE: "finished without further questions",
    INTERRUPTED: "interrupted",
    FAILED: "ended by an error",
}


def page(folder: Path) -> str:
    """Return the page of a record.

    Raises:
        HandworkMissing, HandworkOfOtherFormat, HandworkDamaged: as ``record.read``.
    """
    found = record.read(folder)
    name = html.escape(folder.name)
    cards = "".join(_card(folder, found, point) for point in convergence.points(found))
    plot = f'<svg class="plot" viewBox="0 0 {convergence.WIDTH} {convergence.HEIGHT}">{convergence.plot(found)}</svg>'
    call = ",\n    ".join(f"{key}={literal(value)}" for key, value in found.arguments.items())
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{name}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>\n{_STYLE}</style>\n</head>\n'
        f"<body>\n<h1>{name}</h1>\n<p>{html.escape(summary(found))}</p>\n"
        f"<details><summary>The call</summary><pre>{html.escape(f'{found.task}({call})')}</pre></details>\n"
        f'{plot}\n<div class="cycles">\n{cards}</div>\n</body>\n</html>\n'
    )


def summary(found: Record) -> str:
    """Return a sentence on what a record is, and of a replay what was told of it."""
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    cycles = f"{found.cycles} cycle{'' if found.cycles == 1 else 's'}"
    end = "stopped" if found.replayed and found.end == STOP else _ENDS[found.end]
    said = f"{found.task} on {found.made[:16].replace('T', ' ')}: {cycles}, {end} ({versions})."
    return " ".join([said, f"Replayed from {found.replayed}.", *found.remarks]) if found.replayed else said


def _card(folder: Path, found: Record, point: Point) -> str:
    step = point.step
    drawn, said = drawing(folder, found, step)
    field = f" of {html.escape(step.image)}" if len(found.images) > 1 else ""
    rows = [
        ("iterations made", str(point.iterations)),
        ("peak of the residual", f"{number(step.peak)} Jy/beam"),
        ("flux of the model", f"{number(step.flux)} Jy"),
        *((label, _control(step, name)) for name, label in _CONTROLS.items()),
        ("then", _ANSWERS[step.action]),
    ]
    table = "".join(f"<tr><th>{label}</th><td>{value}</td></tr>" for label, value in rows)
    return (
        f'<section class="cycle"><h2>Cycle {step.cycle}{field}</h2>'
        f'<svg viewBox="0 0 {drawn.width} {drawn.height}">{drawn.svg}</svg>'
        f"<small>{html.escape(said)}</small><table>{table}</table></section>\n"
    )


def _control(step: Step, name: str) -> str:
    """Return what the editor showed, and what was typed in its place."""
    shown, typed = (str(getattr(each, name)) for each in (step.question, step.answer))
    return html.escape(shown) if shown == typed else f"{html.escape(shown)} → <b>{html.escape(typed)}</b>"
