"""A recorded cleaning as one picture, in SVG, for a notebook."""

from __future__ import annotations

import html
from pathlib import Path
from typing import List

from . import convergence
from .convergence import Point, number
from .drawings import drawing
from .models import Record

_SIDE, _GAP, _TEXT, _IN_A_ROW = 176, 16, 90, 3
_MARGIN = 8


def sheet(folder: Path, found: Record) -> str:
    """Return the picture of a record: its convergence, and below it the residual and the mask of each question.

    Args:
        folder: the record's.
        found: the record.

    Raises:
        HandworkDamaged: as ``record.read_mask``.
    """
    cells = [_cell(folder, found, point) for point in convergence.points(found)]
    rows = -(-len(cells) // _IN_A_ROW)
    height = convergence.HEIGHT + rows * (_SIDE + _TEXT + _GAP)
    parts = [convergence.plot(found)]
    for number_, cell in enumerate(cells):
        row, column = divmod(number_, _IN_A_ROW)
        place = column * (_SIDE + _GAP), convergence.HEIGHT + row * (_SIDE + _TEXT + _GAP)
        parts.append(f'<g transform="translate({place[0]} {place[1]})">{cell}</g>')
    whole = convergence.WIDTH + 2 * _MARGIN, height + _MARGIN
    size = f'width="{whole[0]}" height="{whole[1]}" viewBox="{-_MARGIN} 0 {whole[0]} {whole[1]}"'
    # It is black on white in a dark notebook, too.
    ground = f'<rect x="{-_MARGIN}" width="{whole[0]}" height="{whole[1]}" fill="#fff"/>'
    look = 'font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {look}>{ground}{"".join(parts)}</svg>\n'


def _cell(folder: Path, found: Record, point: Point) -> str:
    step, answer = point.step, point.step.answer
    drawn, _ = drawing(folder, found, step)
    field = f", {step.image}" if len(found.images) > 1 else ""
    lines = [
        f"Cycle {step.cycle}{field}: {step.action}",
        f"peak {number(step.peak)} Jy/beam",
        f"flux {number(step.flux)} Jy",
        f"niter {answer.niter}, cycle niter {answer.cycleniter}",
        f"threshold {answer.threshold}",
        f"cycle threshold {answer.cyclethreshold}",
    ]
    view = f'width="{_SIDE}" height="{_SIDE}" viewBox="0 0 {drawn.width} {drawn.height}"'
    return f"<svg {view}>{drawn.svg}</svg>" + "".join(_lines(lines))


def _lines(lines: List[str]) -> List[str]:
    return [
        f'<text x="0" y="{_SIDE + 14 * number_}" font-size="11">{html.escape(line)}</text>'
        for number_, line in enumerate(lines, 1)
    ]
