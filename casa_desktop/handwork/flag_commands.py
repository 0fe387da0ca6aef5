"""Say a flagging as commands of ``flagdata(mode="list")``, where they say exactly the same; checked against all rows.

What cannot be said exactly, or only with very many commands, is a script instead (``flag_script``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from .flags import Difference

if TYPE_CHECKING:
    from .flags import Array

# More commands than these are no easier to read than bits.
MOST = 200
MOST_ROWS = 200_000
# CASA's selection takes a number, or a name with other characters, for something else.
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_MJD_ZERO = datetime(1858, 11, 17)
# Around the first and the last time of all, in seconds.
_MARGIN = 0.5
_WORDS = re.compile(r"(\w+)='([^']*)'")


@dataclass(frozen=True)
class Layout:
    """All rows of a MeasurementSet, and the names by which they are selected.

    Attributes:
        time, antenna1, antenna2, description: the columns, of all rows; description is DATA_DESC_ID.
        windows: the spectral window of each DATA_DESC_ID.
        correlations: the names of the correlations of each DATA_DESC_ID, for example ("XX", "YY").
        antennas: the names of the antennas.
    """

    time: Array
    antenna1: Array
    antenna2: Array
    description: Array
    windows: Sequence[int]
    correlations: Sequence[Tuple[str, ...]]
    antennas: Sequence[str]

    @property
    def baselines(self) -> Array:
        """A number for the baseline of each row."""
        numbers: Array = self.antenna1 * len(self.antennas) + self.antenna2
        return numbers


@dataclass(frozen=True)
class _Selection:
    """Some rows of one DATA_DESC_ID.

    Attributes:
        baselines: pairs of antennas; empty for all.
        times: the first and the last moment, in seconds; None for all.
    """

    baselines: Tuple[Tuple[int, int], ...]
    times: Optional[Tuple[float, float]]


def commands(change: Difference, layout: Layout) -> List[str]:
    """Return the commands that make a change of FLAG; an empty list if they cannot. They do not set FLAG_ROW.

    Args:
        change: the change.
        layout: all rows of the table.
    """
    if len(change.rows) > MOST_ROWS or not _can_name(layout):
        return []
    found: List[str] = []
    for group in change.groups:
        for mode, masks in (("manual", group.flagged), ("unflag", group.unflagged)):
            for description, rows, mask in _alike(group.rows, masks, layout):
                for selection in _selections(rows, description, layout):
                    found += [_command(mode, description, selection, *cut, layout) for cut in _cuts(mask)]
                    if len(found) > MOST:
                        return []
    return found if _make(found, change, layout) else []


def _can_name(layout: Layout) -> bool:
    names, windows = list(layout.antennas), list(layout.windows)
    # A spectral window with two setups of polarization is selected as one.
    return (
        len(set(names)) == len(names)
        and all(_PLAIN_NAME.fullmatch(name) for name in names)
        and len(set(windows)) == len(windows)
    )


def _alike(rows: Array, masks: Array, layout: Layout) -> Iterator[Tuple[int, Array, Array]]:
    """Yield a DATA_DESC_ID, the rows of it that have one mask, and the mask, which is not empty."""
    import numpy

    some = masks.any(axis=(1, 2))
    rows, masks = rows[some], masks[some]
    descriptions = layout.description[rows]
    for description in numpy.unique(descriptions):
        here = descriptions == description
        packed = numpy.packbits(masks[here].reshape(int(here.sum()), -1), axis=1)
        _, first, which = numpy.unique(packed, axis=0, return_index=True, return_inverse=True)
        for number, index in enumerate(first):
            yield int(description), rows[here][which.ravel() == number], masks[here][index]


def _selections(rows: Array, description: int, layout: Layout) -> Iterator[_Selection]:
    """Yield selections that are together these rows."""
    import numpy

    every = numpy.flatnonzero(layout.description == description)
    moments = numpy.unique(layout.time[every])
    pairs, own = (layout.baselines[each] for each in (every, rows))
    indices = numpy.searchsorted(moments, layout.time[rows])
    by_times: Dict[Tuple[int, ...], List[Tuple[int, int]]] = {}
    for pair in numpy.unique(own):
        times = tuple(int(each) for each in numpy.unique(indices[own == pair]))
        by_times.setdefault(times, []).append(divmod(int(pair), len(layout.antennas)))
    for times, baselines in by_times.items():
        chosen = () if len(baselines) == len(numpy.unique(pairs)) else tuple(baselines)
        for low, high in _runs(times):
            yield _Selection(chosen, _ends(moments, low, high))


def _runs(numbers: Sequence[int]) -> Iterator[Tuple[int, int]]:
    """Yield the first and last of each run of consecutive numbers; a number may be there twice."""
    start = former = numbers[0]
    for number in numbers[1:]:
        if number > former + 1:
            yield start, former
            start = number
        former = number
    yield start, former


def _ends(moments: Array, low: int, high: int) -> Optional[Tuple[float, float]]:
    """Return moments between those that are meant and their neighbours; None for all."""
    if low == 0 and high == len(moments) - 1:
        return None
    first = (moments[low - 1] + moments[low]) / 2 if low else moments[low] - _MARGIN
    last = (moments[high] + moments[high + 1]) / 2 if high + 1 < len(moments) else moments[high] + _MARGIN
    return float(first), float(last)


def _cuts(mask: Array) -> Iterator[Tuple[Tuple[int, ...], Tuple[int, ...]]]:
    """Yield channels and correlations, which are together the mask: channels x correlations."""
    by_correlations: Dict[Tuple[int, ...], List[int]] = {}
    for channel, correlations in enumerate(mask):
        chosen = tuple(number for number, each in enumerate(correlations) if each)
        if chosen:
            by_correlations.setdefault(chosen, []).append(channel)
    for chosen, channels in by_correlations.items():
        yield (() if len(channels) == mask.shape[0] else tuple(channels)), chosen


def _command(
    mode: str,
    description: int,
    selection: _Selection,
    channels: Tuple[int, ...],
    correlations: Tuple[int, ...],
    layout: Layout,
) -> str:
    window, names = layout.windows[description], layout.correlations[description]
    runs = [str(low) if low == high else f"{low}~{high}" for low, high in _runs(channels)] if channels else []
    words = [f"mode='{mode}'", f"spw='{window}:{';'.join(runs)}'" if runs else f"spw='{window}'"]
    if len(correlations) < len(names):
        words.append(f"correlation='{','.join(names[each] for each in correlations)}'")
    if selection.baselines:
        words.append(f"antenna='{';'.join(_baseline(pair, layout.antennas) for pair in selection.baselines)}'")
    if selection.times:
        words.append(f"timerange='{'~'.join(map(_moment, selection.times))}'")
    return " ".join(words)


def _baseline(pair: Tuple[int, int], antennas: Sequence[str]) -> str:
    one, two = (antennas[each] for each in pair)
    return f"{one}&&&" if one == two else f"{one}&{two}"


def _moment(seconds: float) -> str:
    """Return a time of a table as CASA's selection takes it."""
    return (_MJD_ZERO + timedelta(seconds=seconds)).strftime("%Y/%m/%d/%H:%M:%S.%f")


def _make(found: Sequence[str], change: Difference, layout: Layout) -> bool:
    """Return whether commands, as they are read, do what a change does, to all rows of the table."""
    import numpy

    done = [(numpy.zeros_like(group.flagged), numpy.zeros_like(group.flagged)) for group in change.groups]
    for command in found:
        words = dict(_WORDS.findall(command))
        rows, channels, correlations = _selected(words, layout)
        for group, (flagged, unflagged) in zip(change.groups, done):
            here = numpy.isin(group.rows, rows)
            rows = rows[~numpy.isin(rows, group.rows)]
            chosen = numpy.ix_(
                numpy.flatnonzero(here),
                _places(channels, group.flagged.shape[1]),
                _places(correlations, group.flagged.shape[2]),
            )
            (flagged if words["mode"] == "manual" else unflagged)[chosen] = True
        if len(rows):
            # It changes others, too.
            return False
    return all(
        bool((flagged == group.flagged).all() and (unflagged == group.unflagged).all())
        for group, (flagged, unflagged) in zip(change.groups, done)
    )


def _selected(words: Mapping[str, str], layout: Layout) -> Tuple[Array, List[int], List[int]]:
    """Return the rows, channels and correlations that a command selects; none of the latter for all."""
    import numpy

    window, _, runs = words["spw"].partition(":")
    description = list(layout.windows).index(int(window))
    fits = layout.description == description
    if "antenna" in words:
        names = {name: number for number, name in enumerate(layout.antennas)}
        pairs = [each.replace("&&&", f"&{each[:-3]}").split("&") for each in words["antenna"].split(";")]
        numbers = [names[one] * len(names) + names[two] for one, two in pairs]
        numbers += [names[two] * len(names) + names[one] for one, two in pairs]
        fits &= numpy.isin(layout.baselines, numbers)
    if "timerange" in words:
        first, last = (_seconds(each) for each in words["timerange"].split("~"))
        fits &= (layout.time >= first) & (layout.time <= last)
    channels: List[int] = []
    for run in filter(None, runs.split(";")):
        low, _, high = run.partition("~")
        channels += range(int(low), int(high or low) + 1)
    products = filter(None, words.get("correlation", "").split(","))
    correlations = [layout.correlations[description].index(name) for name in products]
    return numpy.flatnonzero(fits), channels, correlations


def _places(chosen: Sequence[int], count: int) -> Array:
    """Return what was chosen along an axis: all, if nothing was."""
    import numpy

    return numpy.array(chosen or range(count), dtype=numpy.int64)


def _seconds(moment: str) -> float:
    return (datetime.strptime(moment, "%Y/%m/%d/%H:%M:%S.%f") - _MJD_ZERO).total_seconds()
