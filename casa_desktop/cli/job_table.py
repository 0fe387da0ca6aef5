"""Tables of jobs for the terminal: all jobs, with a line for each array; and the jobs of one array."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Dict, List, Sequence, Tuple

from ..system import durations

if TYPE_CHECKING:
    from ..batch.job_state import State
    from ..batch.jobs import Row

_ENDS = ("COMPLETED", "ERROR", "ABORTED")
# The phase of an array is the first that one of its jobs is in.
_ORDER = ("EXECUTING", "QUEUED", "PENDING", "HELD", "SUSPENDED", "UNKNOWN", "ERROR", "ABORTED", "COMPLETED")


def table(rows: Sequence[Row], now: float) -> List[str]:
    """Return the lines of a table of jobs.

    Args:
        rows: the jobs.
        now: the time, in seconds since 1970.
    """
    return _aligned([_HEAD, *(_cells(each, now) for each in rows)])


def overview(rows: Sequence[Row], now: float) -> List[str]:
    """Return the lines of a table of jobs in which each array has one line."""
    from ..batch.arrays import name_of

    groups: Dict[str, List[Row]] = {}
    for row in rows:
        groups.setdefault(name_of(row.folder.id) or row.folder.id, []).append(row)
    lines = [
        _cells(group[0], now) if group[0].folder.id == name else _summary(name, group, now)
        for name, group in groups.items()
    ]
    return _aligned([_HEAD, *lines])


def of_array(rows: Sequence[Row], now: float) -> List[str]:
    """Return the lines of a table of an array's jobs, with the parameters in which they differ."""
    varied = list(next((row.job.varied for row in rows if row.job is not None), ()))
    lines = [("ID", *varied, "PHASE", "CELL", "TIME", "")]
    for row in rows:
        values = ["" if row.job is None else str(row.job.parameters.get(name, "")) for name in varied]
        state = row.state
        lines.append((row.folder.id, *values, state.phase, _cell(state), _time(state, now), _why(state)))
    return _aligned(lines)


def counts(states: Sequence[State]) -> str:
    """Return how many jobs are in each phase: ``20 jobs: 19 COMPLETED, 1 ERROR``."""
    number = Counter(state.phase for state in states)
    phases = ", ".join(f"{number[phase]} {phase}" for phase in reversed(_ORDER) if number[phase])
    return f"{len(states)} job{'s' if len(states) != 1 else ''}: {phases}"


_HEAD = ("ID", "PHASE", "CELL", "SINCE", "")


def _cells(row: Row, now: float) -> Tuple[str, ...]:
    state = row.state
    return (row.folder.id, state.phase, _cell(state), _since(state.since, now), _why(state))


def _summary(name: str, rows: Sequence[Row], now: float) -> Tuple[str, ...]:
    states = [row.state for row in rows]
    phase = min((state.phase for state in states), key=_ORDER.index)
    times = [state.since for state in states if state.phase == phase]
    # It has ended when its last job has.
    since = max(state.since for state in states) if phase in _ENDS else min(times)
    return (name, phase, "", _since(since, now), counts(states))


def _cell(state: State) -> str:
    return f"{state.cell} of {state.cells}" if state.cells else ""


def _why(state: State) -> str:
    return state.sentence or ("" if state.phase in _ENDS else state.doing)


def _time(state: State, now: float) -> str:
    """Return how long a job has run, the last time if it was run again."""
    if not state.begun or state.phase not in (*_ENDS, "EXECUTING", "SUSPENDED"):
        return ""
    return durations.shown(max((state.since if state.phase in _ENDS else now) - state.begun, 0.0), 2)


def _since(seconds: float, now: float) -> str:
    if not seconds:
        return ""
    form = "%H:%M" if time.localtime(seconds)[:3] == time.localtime(now)[:3] else "%Y-%m-%d %H:%M"
    return time.strftime(form, time.localtime(seconds))


def _aligned(lines: Sequence[Tuple[str, ...]]) -> List[str]:
    """Return lines whose columns begin one below the other; the last one is as long as it likes."""
    widths = [max(map(len, column)) for column in list(zip(*lines))[:-1]]
    return ["  ".join([*map(str.ljust, line, widths), line[-1]]).rstrip() for line in lines]
