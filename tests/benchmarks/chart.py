"""A picture of the ratios, for a page that may be light or dark: no background, and colours that both carry."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

from .figures import FLOORS, OURS, Row
from .spread import Spread

# Of middle brightness: each has a contrast of 3 or more with white and with GitHub's dark background.
GREY = "#7d858f"
COLOURS = ("#2f81f7", "#d2691e", "#2f9e5b", "#b561d6")
# What is in the picture, in this order: (benchmark, case, name), an empty case for all that have none.
CHOSEN: Tuple[Tuple[str, str, str], ...] = (
    ("desktop_start", "", "cold"),
    ("desktop_start", "", "warm"),
    ("desktop_latency", "0 ms, unlimited", "p50"),
    ("desktop_latency", "0 ms, unlimited", "p99"),
    ("desktop_latency", "50 ms, 5 Mbit/s", "p50"),
    ("desktop_motion", "a film of 600 x 600 pixels, 50 ms, 5 Mbit/s", "rate"),
    ("desktop_motion", "casaviewer's movie, 50 ms, 5 Mbit/s", "rate"),
    ("desktop_motion", "plotms panned, 50 ms, 5 Mbit/s", "rate"),
    ("desktop_motion", "casaviewer's movie, 0 ms, unlimited", "rate"),
    ("desktop_motion", "casaviewer's movie, 0 ms, unlimited", "cost"),
    ("desktop_busy", "", "p95"),
    ("desktop_idle", "", "proportional"),
    ("desktop_many", "", "memory_20"),
    ("first_task", "", "first"),
    ("imview", "", "first"),
    ("imview", "", "later"),
    ("plotms", "", "first"),
    ("plotms", "", "later"),
    ("live", "", "drawn"),
    ("log_stream", "", "many"),
    ("warm_tools", "", "both"),
)


def better(row: Row, peer: str) -> Spread:
    """Return how many times better ours is than the peer's, below 1 where it is worse.

    Raises:
        ValueError: they cannot be compared.
    """
    ratio = row.ratio(peer)
    if ratio is None or ratio.low <= 0:
        raise ValueError(f"{row.key} has no ratio to {peer}.")
    if row.figure.more:
        return ratio
    return Spread(1 / ratio.high, 1 / ratio.median, 1 / ratio.low)


def chosen(rows: Sequence[Row]) -> List[Row]:
    """Return what goes into the picture."""
    by_key = {(row.benchmark, row.case, row.name): row for row in rows}
    found = (by_key.get(each) for each in CHOSEN)
    return [row for row in found if row is not None and OURS in row.runs]


def points(rows: Sequence[Row]) -> Dict[str, List[Tuple[int, Spread]]]:
    """Return the points of each peer: the number of the row, and how many times better ours is."""
    found: Dict[str, List[Tuple[int, Spread]]] = {}
    for number, row in enumerate(rows):
        for peer in row.peers:
            if peer not in FLOORS and (row.ratio(peer) or Spread(0, 0, 0)).low > 0:
                found.setdefault(peer, []).append((number, better(row, peer)))
    return found


def draw(rows: Sequence[Row], path: Path, caption: str) -> None:
    """Write the picture, in the format that the file's name ends in.

    Args:
        rows: the run.
        path: the file.
        caption: the machine and the day.
    """
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    shown = chosen(rows)
    with mpl.rc_context({"svg.hashsalt": "benchmarks", "font.size": 9, "text.color": GREY, "axes.edgecolor": GREY}):
        figure, axes = pyplot.subplots(figsize=(8.6, 1.4 + 0.3 * max(len(shown), 1)), layout="constrained")
        _fill(axes, shown)
        figure.supxlabel(caption, fontsize=7.5, color=GREY)
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        figure.savefig(path, transparent=True, dpi=160, metadata=metadata)
        pyplot.close(figure)


def _fill(axes: Any, shown: Sequence[Row]) -> None:
    for colour, (peer, line) in zip(COLOURS * 2, points(shown).items()):
        numbers = [number for number, _ in line]
        middles = [each.median for _, each in line]
        bars = [[each.median - each.low for _, each in line], [each.high - each.median for _, each in line]]
        axes.errorbar(middles, numbers, xerr=bars, fmt="o", ms=5, lw=1.5, color=colour, label=peer)
    axes.axvline(1, color=GREY, lw=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}×")
    axes.xaxis.set_minor_formatter(lambda value, _: f"{value:g}×" if f"{value:.0e}"[0] in "235" else "")
    axes.set_yticks(range(len(shown)), [row.words for row in shown])
    axes.invert_yaxis()
    axes.grid(axis="x", color=GREY, alpha=0.3, lw=0.6)
    axes.tick_params(colors=GREY, which="both")
    axes.set_xlabel("← the peer is better      casa-desktop is better, so many times →", color=GREY)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(frameon=False, labelcolor=GREY, ncols=4, loc="lower center", bbox_to_anchor=(0.3, 1.0))
