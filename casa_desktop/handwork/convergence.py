"""How a cleaning converged: the peak of the residual and the flux of the model over the iterations, as SVG."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from .models import Record, Step

# As wide as a cell of a notebook that stands beside a desktop.
WIDTH, HEIGHT = 560, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 490, 16, 226
_PEAK, _FLUX, _THRESHOLD, _INK, _GRID = "#1f5fae", "#b5541c", "#777777", "#333333", "#dddddd"


@dataclass(frozen=True)
class Point:
    """What one question showed.

    Attributes:
        iterations: how many had been made in all.
        step: the question.
    """

    iterations: int
    step: Step


def points(record: Record) -> List[Point]:
    """Return the questions with the iterations that had been made before each."""
    found: List[Point] = []
    done, left = 0, None
    for step in record.steps:
        if left is not None and step.cycle > found[-1].step.cycle:
            done += max(0, left - step.question.niter)
        found.append(Point(done, step))
        # The user may have changed how many are left.
        left = step.answer.niter
    return found


def plot(record: Record) -> str:
    """Return the plot, of ``WIDTH`` x ``HEIGHT``, as the content of an ``<svg>``; or a sentence in its place."""
    found = [point for point in points(record) if point.step.peak]
    if not found:
        return _text(WIDTH / 2, HEIGHT / 2, "CASA did not tell the peak and the flux of these cycles.", "middle")
    across = _Scale(0, max(point.iterations for point in found) or 1, _LEFT, _RIGHT)
    peaks = _Scale(*_decades([_peak(point) for point in found]), _BOTTOM, _TOP, logarithmic=True)
    parts = [_axis_below(across), _axis_left(peaks)]
    fluxes = [point.step.flux for point in found if point.step.flux is not None]
    if fluxes:
        low, high = min(0.0, *fluxes), max(0.0, *fluxes)
        flux = _Scale(low, high if high > low else 1.0, _BOTTOM, _TOP)
        parts.append(_axis_right(flux))
    for name in record.images:
        own = [point for point in found if point.step.image == name]
        if fluxes:
            told = [point for point in own if point.step.flux is not None]
            parts.append(_curve([(across(each.iterations), flux(each.step.flux or 0)) for each in told], _FLUX, "4 3"))
        parts.append(_curve([(across(each.iterations), peaks(_peak(each))) for each in own], _PEAK))
    return "".join(parts)


def _peak(point: Point) -> float:
    return abs(point.step.peak or 0.0)


def number(value: Optional[float]) -> str:
    """Return a value with at most four digits; a dash if there is none."""
    return "–" if value is None else f"{value:.4g}"


@dataclass(frozen=True)
class _Scale:
    """From values to places in the plot."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = (math.log10(each) if self.logarithmic else each for each in (self.low, self.high, value))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> List[float]:
        """Return round values on it, some four."""
        if self.logarithmic:
            exponents = range(round(math.log10(self.low)) - 1, round(math.log10(self.high)) + 1)
            factors = (
                (*range(1, 10),) if self.high / self.low < 4 else (1, 2, 5) if self.high / self.low < 200 else (1,)
            )
            marks = [factor * 10.0**exponent for exponent in exponents for factor in factors]
        else:
            rough = (self.high - self.low) / 5
            size = 10.0 ** math.floor(math.log10(rough))
            step = next(size * factor for factor in (1, 2, 5, 10, 20) if size * factor >= rough)
            marks = [step * count for count in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]
        return [mark for mark in marks if self.low <= mark <= self.high]


def _decades(values: Sequence[float]) -> Tuple[float, float]:
    """Return a range for a logarithmic axis, with room around the values."""
    return min(values) / 1.3, max(values) * 1.3


def _axis_below(scale: _Scale) -> str:
    parts = [_line(scale(mark), _TOP, scale(mark), _BOTTOM, _GRID) for mark in scale.ticks()]
    parts += [_text(scale(mark), _BOTTOM + 16, f"{mark:g}", "middle") for mark in scale.ticks()]
    parts.append(_text((_LEFT + _RIGHT) / 2, _BOTTOM + 36, "iterations", "middle"))
    return "".join([*parts, _line(_LEFT, _BOTTOM, _RIGHT, _BOTTOM, _INK)])


def _axis_left(scale: _Scale) -> str:
    parts = [_line(_LEFT, scale(mark), _RIGHT, scale(mark), _GRID) for mark in scale.ticks()]
    parts += [_text(_LEFT - 6, scale(mark) + 4, f"{mark:g}", "end", _PEAK) for mark in scale.ticks()]
    return "".join(
        [*parts, _sideways(14, "peak of the residual (Jy/beam)", _PEAK), _line(_LEFT, _TOP, _LEFT, _BOTTOM, _INK)]
    )


def _axis_right(scale: _Scale) -> str:
    parts = [_text(_RIGHT + 6, scale(mark) + 4, f"{mark:g}", "start", _FLUX) for mark in scale.ticks()]
    return "".join(
        [*parts, _sideways(WIDTH - 10, "flux of the model (Jy)", _FLUX), _line(_RIGHT, _TOP, _RIGHT, _BOTTOM, _INK)]
    )


def _curve(places: Sequence[Tuple[float, float]], colour: str, dashes: str = "") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
    look = f'fill="none" stroke="{colour}" stroke-width="1.5" stroke-dasharray="{dashes}"'
    return f'<polyline points="{path}" {look}/>{dots}'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str = _INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{html.escape(text)}</text>'


def _sideways(x: float, text: str, colour: str) -> str:
    middle = (_TOP + _BOTTOM) / 2
    turn = f'transform="rotate(-90 {x} {middle:.1f})"'
    return f'<text x="{x}" y="{middle:.1f}" text-anchor="middle" fill="{colour}" {turn}>{html.escape(text)}</text>'
